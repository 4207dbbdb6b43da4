import { expect, test } from "vitest";
import { titleOf } from "../../../src/domain/turn/session-title.ts";

test.each([
  ["What comes first?", "What comes first?"],
  ["@ada  compare\tthese\nand nothing else", "@ada compare these"],
  ["\n\n  first line\r\nsecond", "first line"],
  ["one\u2028two", "one"],
  ["x".repeat(81), "x".repeat(80)],
  ["😀".repeat(81), "😀".repeat(80)],
  [`${"x".repeat(79)} y`, "x".repeat(79)],
  ["a\u202eb\u200bc", "abc"],
])("the title of %j is %j", (message, title) => {
  expect(titleOf(message)).toBe(title);
});

test("a first line without visible characters gives no title", () => {
  expect(titleOf("\u200b\u200b\nsecond")).toBeNull();
});
