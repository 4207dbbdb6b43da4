import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readJsonObject } from "../../../src/domain/text/model-json.ts";
import { measureCpuMs } from "../../support/cpu-time.ts";

const object = '{"a":["b",1]}';
const fields = { a: ["b", 1] };

test.each([
  ["plain", object],
  ["with blanks around", `\n\t${object}\r\n`],
  ["fenced", `\`\`\`json\n${object}\n\`\`\``],
  ["fenced without an end", `\`\`\`json\n${object}`],
  ["in prose", `Sure: ${object} Anything else?`],
  ["in prose with brackets", `{as asked} [1] {{${object}}} {`],
  ["after thinking", `<think>{"a":1} or "{"?</think>${object}`],
  ["after thinking of another name", `<THINKING>\n{"a":1}\n</THINKING>\n${object}`],
  ["after a lone closing tag", `Perhaps {"a":1}.\n</think>\n${object}`],
  ["after thinking twice", `<think>x</think><think>{"a":1}</think>${object}`],
  ["after Magistral's thinking", `[THINK]{"a":1}[/THINK]${object}`],
  [
    "after Harmony's analysis",
    `<|channel|>analysis<|message|>{"a":1}<|end|><|channel|>final<|message|>${object}`,
  ],
  ["before an end token", `${object}<|im_end|>`],
  ["before rubbish", `${object}}]"`],
  ["twice the same", `${object}\n${object}`],
  ["with trailing commas", '{"a":["b",1,],\n}'],
  ["encoded twice", JSON.stringify(object)],
])("an object is read %s", (_, answer) => {
  expect(readJsonObject(answer)).toEqual({ kind: "object", fields });
});

test.each([
  ["a closing tag", '{"a":"he wrote </think> then"}', { a: "he wrote </think> then" }],
  ["brackets, commas and quotes", '{"a":"}{\\",]"}', { a: '}{",]' }],
  ["a line break", 'so: {"a":"one\ntwo\t"}', { a: "one\ntwo\t" }],
  ["an object as text", '{"a":"{\\"b\\":1}"}', { a: '{"b":1}' }],
])("a string may hold %s", (_, answer, read) => {
  expect(readJsonObject(answer)).toEqual({ kind: "object", fields: read });
});

test("names of a prototype are ordinary fields", () => {
  const reading = readJsonObject('x {"__proto__":{"a":1},"constructor":2}');
  expect(reading.kind === "object" && Object.keys(reading.fields)).toEqual(["__proto__", "constructor"]);
});

test.each([
  ["not_json", ""],
  ["not_json", " \n"],
  ["not_json", "I'm sorry, but I can't help with that."],
  ["not_json", '{"a":["b"'],
  ["not_json", "{'a':1}"],
  ["not_json", `<think>I would say ${object}`],
  ["not_object", '["b"]'],
  ["not_object", "null"],
  ["not_object", '"b"'],
  ["ambiguous", `${object} or {"a":["c"]}`],
  ["ambiguous", `[${object},{"a":2}]`],
])("%s: %j", (kind, answer) => {
  expect(readJsonObject(answer)).toEqual({ kind });
});

describe("any answer", () => {
  const piece = fc.oneof(
    fc.constantFrom("{", "}", '"', "[", "]", ",", ":", "\\", "</think>", "<think>", "```", "\n", object),
    fc.string({ unit: "binary", maxLength: 5 }),
    fc.json({ maxDepth: 2 }),
  );
  test("is read without an error", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(() => readJsonObject(pieces.join(""))).not.toThrow();
      }),
    );
  });

  test("gives the object that it contains, with any text around it", () => {
    const prose = fc.stringMatching(/^[a-z .,:!\n]{0,30}$/);
    const held = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 });
    fc.assert(
      fc.property(prose, held, prose, (before, value, after) => {
        const text = JSON.stringify(value);
        expect(readJsonObject(`${before}${text}${after}`)).toEqual({
          kind: "object",
          fields: JSON.parse(text),
        });
      }),
    );
  });
});

test.each([
  ["opening brackets", '{"'.repeat(50_000)],
  ["objects that never end", '{"a":'.repeat(20_000)],
  ["closing tags", "</think>{".repeat(12_000)],
  ["quotes", `{${'"'.repeat(99_999)}`],
  ["backslashes", `{"${"\\".repeat(99_999)}`],
  ["escaped quotes", `{"${'\\"'.repeat(50_000)}`],
  ["commas", `{"a":[${",".repeat(99_000)}`],
  ["commas and blanks", `{"a":[${`,${" ".repeat(300)}`.repeat(300)}`],
])("100,000 characters of %s are read in linear time", (_, answer) => {
  const cpuMs = measureCpuMs(() => {
    readJsonObject(answer);
  });
  expect(cpuMs).toBeLessThan(2_000);
});
