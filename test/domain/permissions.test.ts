import { expect, test } from "vitest";
import { PantheonError } from "../../src/domain/errors.ts";
import { readPermissions } from "../../src/domain/permissions.ts";
import { requireKnownTools } from "../../src/domain/tool-names.ts";

test("a list of known names is what it says, each once", () => {
  expect(readPermissions(["search"])).toEqual(["search"]);
  expect(readPermissions(["search", "search"])).toEqual(["search"]);
  expect(readPermissions([])).toEqual([]);
});

test.each([
  [null],
  [undefined],
  ["search"],
  [{ 0: "search", length: 1 }],
  [{ search: true }],
  [["search", "rm"]],
  [["search", 7]],
  [["search", null]],
  [[["search"]]],
  [["Search"]],
  [["file_read"]],
  [[Object("search")]],
  [42],
])("%j counts as none", (stored) => {
  expect(readPermissions(stored)).toEqual([]);
});

test("tools that are asked for must be known", () => {
  expect(requireKnownTools(["search", "search"])).toEqual(["search"]);
  expect(requireKnownTools([])).toEqual([]);
  for (const name of ["file_read", "SEARCH", "", "toString"]) {
    const refused = expect(() => requireKnownTools(["search", name]));
    refused.toThrow(PantheonError);
    refused.toThrow(`There is no tool '${name}'; known: search.`);
  }
});
