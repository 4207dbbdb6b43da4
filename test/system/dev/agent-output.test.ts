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

test("agent output prints each word once it is complete, after the agent's name, in lines of the given width", () => {
  const { writes, output } = listen();
  for (const delta of ["Let", "'s wait", " until Mon", "day", "."]) output.write(delta);
  expect(writes).toEqual(["Ada │ Let's", " wait", "\n", "Ada │ until"]);
  output.flush();
  expect(writes.join("")).toBe("Ada │ Let's wait\nAda │ until Monday.\n");
});

test("with whole lines, agent output prints a line when it is full or the text ends", () => {
  const { writes, output } = listen({ inWholeLines: true });
  output.write("one two three four fi");
  expect(writes).toEqual(["Ada │ one two three\n"]);
  output.flush();
  expect(writes.join("")).toBe("Ada │ one two three\nAda │ four fi\n");
  output.flush();
  expect(writes).toHaveLength(2);
});

test("agent output keeps line breaks, blank lines and indentation, and does not split a long word", () => {
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

test("agent output prints a note on its own line and drops control characters", () => {
  const { writes, output } = listen();
  output.write("I will \u001b[2Jlook");
  output.note("uses search {}\u0007");
  expect(writes.join("")).toBe("Ada │ I will [2Jlook\nAda │ uses search {}\n");
});
