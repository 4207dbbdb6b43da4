import { expect, test } from "vitest";
import { createAgentOutput } from "../../../dev/demo/agent-output.ts";

/** Every write of one output, and the output. */
function listen({ inWholeLines = false, width = 20 } = {}) {
  const writes: string[] = [];
  const write = (text: string) => writes.push(text);
  return {
    writes,
    output: createAgentOutput({ label: "Ada │ ", labelWidth: 6, width, inWholeLines, write }),
  };
}

test("words are shown as soon as they are whole, under the name, in lines of the width", () => {
  const { writes, output } = listen();
  for (const delta of ["Let", "'s wait", " until Mon", "day", "."]) output.write(delta);
  expect(writes).toEqual(["Ada │ Let's", " wait", "\n", "Ada │ until"]);
  output.flush();
  expect(writes.join("")).toBe("Ada │ Let's wait\nAda │ until Monday.\n");
});

test("who speaks in whole lines shows none before it is full or over", () => {
  const { writes, output } = listen({ inWholeLines: true });
  output.write("one two three four fi");
  expect(writes).toEqual(["Ada │ one two three\n"]);
  output.flush();
  expect(writes.join("")).toBe("Ada │ one two three\nAda │ four fi\n");
  output.flush();
  expect(writes).toHaveLength(2);
});

test("lines, blank lines and indentation are kept, and a word longer than the line stays whole", () => {
  const { writes, output } = listen();
  output.write("a:\n  b\n\nunbreakable-and-long ok");
  output.flush();
  expect(writes.join("").split("\n")).toEqual([
    "Ada │ a:",
    "Ada │   b",
    "Ada │ ",
    "Ada │ unbreakable-and-long",
    "Ada │ ok",
    "",
  ]);
});

test("a note is a line of its own, and what would steer the terminal is dropped", () => {
  const { writes, output } = listen();
  output.write("I will \u001b[2Jlook");
  output.note("uses search {}\u0007");
  expect(writes.join("")).toBe("Ada │ I will [2Jlook\nAda │ uses search {}\n");
});
