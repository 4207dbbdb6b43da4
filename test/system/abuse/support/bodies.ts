import * as fc from "fast-check";
import type { Json } from "../../../support/api.ts";
import { oddNumber, oddText, oddValue } from "./odd-values.ts";

/** Words that mean something to the application, by the names of the fields that take them. */
const meaningful: Readonly<Record<string, readonly string[]>> = {
  agent_key: ["scout", "other", "new-one"],
  agent_keys: ["scout"],
  model_alias: ["llama", "premium"],
  model_alias_override: ["llama"],
  tool_permissions: ["search"],
  message: ["@scout hello", "@scout search: news", "@nobody @Scout."],
  messages: ["@scout hello", "user", "assistant"],
};

/** What fits a schema of the document, made from the schema; `name` is of the field that it is for. */
export function fitting(schema: Json, name = ""): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const types: string[] = [schema.type ?? "any"].flat();
  if (types.includes("null")) return fc.option(fitting({ ...schema, type: types[0] }, name));
  switch (types[0]) {
    case "string":
      return fc.oneof(
        { weight: 3, arbitrary: textFor(schema) },
        { weight: 1, arbitrary: unstorable },
        ...wordsFor(name, 16),
      );
    case "integer":
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 20, 2 ** 31) });
    case "array":
      return fc.array(fitting(schema.items, name), { maxLength: Math.min(schema.maxItems ?? 5, 5) });
    case "object":
      return fittingObject(schema);
    default:
      return fc.oneof(...wordsFor(name, 1), fc.string(), fc.jsonValue({ maxDepth: 2 }));
  }
}

function fittingObject({ properties = {}, required = [] }: Json): fc.Arbitrary<object> {
  const fields = Object.entries<Json>(properties).map(([name, schema]) => [name, fitting(schema, name)]);
  return fc.record(Object.fromEntries(fields), { requiredKeys: required });
}

function textFor({ format, pattern, minLength = 0, maxLength = 40 }: Json): fc.Arbitrary<string> {
  if (format === "uuid") return fc.uuid();
  if (pattern !== undefined) return matching(pattern);
  return fc.string({ minLength, maxLength: Math.min(maxLength, 40) });
}

/** fast-check makes no text for a lookahead: the text is made without it, and then has to match the whole pattern. */
function matching(pattern: string): fc.Arbitrary<string> {
  const withoutLookahead = pattern.replace(/^\^\(\?!.*?\$\)/, "^");
  return fc.stringMatching(new RegExp(withoutLookahead)).filter((text) => new RegExp(pattern).test(text));
}

/** Well-formed JSON, and nothing that Postgres can hold. */
const unstorable = fc.constantFrom("a\u0000b", "a\ud800b");

function wordsFor(name: string, weight: number) {
  const words = meaningful[name];
  return words === undefined ? [] : [{ weight, arbitrary: fc.constantFrom(...words) }];
}

type Change = { kind: "replace" | "drop" | "add" | "wrap"; at: number; name: string; value: unknown };

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("replace", "drop", "add", "wrap"),
  at: fc.nat(50),
  name: oddText,
  value: oddValue,
});

type Place = { parent: object; name: string };

/** A copy of the value with one place of it changed. */
function changed(value: unknown, { kind, at, name, value: odd }: Change): unknown {
  const root = { whole: structuredClone(value) };
  const places = placesIn(root);
  const { parent, name: place } = places[at % places.length] ?? { parent: root, name: "whole" };
  const current: unknown = Reflect.get(parent, place);
  if (kind === "drop") Reflect.deleteProperty(parent, place);
  else if (kind === "wrap") put(parent, place, [current]);
  else if (kind === "add" && typeof current === "object" && current !== null) put(current, name, odd);
  else put(parent, place, odd);
  return root.whole;
}

function placesIn(parent: object): Place[] {
  return Object.entries(parent).flatMap(([name, value]) => [
    { parent, name },
    ...(typeof value === "object" && value !== null ? placesIn(value) : []),
  ]);
}

/** As JSON.parse would: `__proto__` is a name like any other. */
function put(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

/** What can happen to a body once it is text. */
const spoilt: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((share) => (text: string) => text.slice(0, text.length * share)),
  fc.integer({ min: 1, max: 20_000 }).map((depth) => (text: string) => inField(text, nested(depth))),
  oddText.map((name) => (text: string) => inField(text, `{${JSON.stringify(name)}:{"__proto__":{"x":1}}}`)),
  fc
    .constantFrom("1e999", "-1e999", "9".repeat(400), `0.${"1".repeat(400)}`, "01", "+1", "NaN", "'x'")
    .map((number) => (text: string) => text.replace(/:(?=[^:]*$)[\s\S]*/, `:${number}}`)),
  fc.constant((text: string) => `\ufeff${text}`),
  fc.constant((text: string) => `${text}${text}`),
  fc.constant((text: string) => `${text.slice(0, -1)},${text.slice(1)}`),
  fc.constant((text: string) => text.replaceAll('"', "'")),
);

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const inField = (text: string, value: string) =>
  text.replace(/\}\s*$/, `${text.length > 2 ? "," : ""}"x":${value}}`);

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** No UTF-8 begins with these bytes, and none holds them. */
const notUtf8 = fc
  .record({
    text: fc.string(),
    bytes: fc.constantFrom([0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf8, 0x88]),
  })
  .map(({ text, bytes }) => Uint8Array.from([...bytesOf(`{"name":"${text}`), ...bytes, ...bytesOf('"}')]));

/**
 * Bodies for an operation: most of them fit its schema, the others nearly do, or are something else altogether.
 * @param sample one that it takes for certain
 */
export function bodiesFor(schema: Json, sample: unknown): fc.Arbitrary<Uint8Array> {
  const fit = fc.oneof(
    { weight: 3, arbitrary: fitting(schema) },
    { weight: 1, arbitrary: fc.constant(sample) },
  );
  const nearly = fc
    .record({ value: fit, changes: fc.array(change, { minLength: 1, maxLength: 2 }) })
    .map(({ value, changes }) => changes.reduce(changed, value));
  const asText = (value: unknown) => JSON.stringify(value) ?? "";
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(bytesOf(asText(sample))) },
    { weight: 8, arbitrary: fit.map(asText).map(bytesOf) },
    { weight: 6, arbitrary: nearly.map(asText).map(bytesOf) },
    { weight: 3, arbitrary: fc.tuple(fit, spoilt).map(([value, spoil]) => bytesOf(spoil(asText(value)))) },
    { weight: 1, arbitrary: oddValue.map(asText).map(bytesOf) },
    { weight: 1, arbitrary: fc.oneof(notUtf8, fc.uint8Array({ maxLength: 60 }), oddText.map(bytesOf)) },
  );
}

/** What a query parameter may be given as. */
export function queryFor(schema: Json, cursors: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fitting(schema).map(String) },
    ...(schema.format === "uuid" ? [{ weight: 2, arbitrary: fc.constantFrom(...cursors) }] : []),
    { weight: 2, arbitrary: fc.oneof(oddText, oddNumber.map(String)) },
  );
}
