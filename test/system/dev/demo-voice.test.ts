import { expect, test } from "vitest";
import { createVoice } from "../../../dev/demo/spoken-lines.ts";

/** Every write of one voice, and the voice. */
function listen({ inWholeLines = false, width = 20 } = {}) {
  const writes: string[] = [];
  const write = (text: string) => writes.push(text);
  return { writes, voice: createVoice({ label: "Ada │ ", labelWidth: 6, width, inWholeLines, write }) };
}

test("words are shown as soon as they are whole, under the name, in lines of the width", () => {
  const { writes, voice } = listen();
  for (const delta of ["Let", "'s wait", " until Mon", "day", "."]) voice.say(delta);
  expect(writes).toEqual(["Ada │ Let's", " wait", "\n", "Ada │ until"]);
  voice.pause();
  expect(writes.join("")).toBe("Ada │ Let's wait\nAda │ until Monday.\n");
});

test("who speaks in whole lines shows none before it is full or over", () => {
  const { writes, voice } = listen({ inWholeLines: true });
  voice.say("one two three four fi");
  expect(writes).toEqual(["Ada │ one two three\n"]);
  voice.pause();
  expect(writes.join("")).toBe("Ada │ one two three\nAda │ four fi\n");
  voice.pause();
  expect(writes).toHaveLength(2);
});

test("lines, blank lines and indentation are kept, and a word longer than the line stays whole", () => {
  const { writes, voice } = listen();
  voice.say("a:\n  b\n\nunbreakable-and-long ok");
  voice.pause();
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
  const { writes, voice } = listen();
  voice.say("I will \u001b[2Jlook");
  voice.note("uses search {}\u0007");
  expect(writes.join("")).toBe("Ada │ I will [2Jlook\nAda │ uses search {}\n");
});
