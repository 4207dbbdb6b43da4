import * as fc from "fast-check";

/** Texts that parsers, databases and logs have stumbled over. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom(
    ...["", " ", "\u0000", "a\u0000b", "\ud800", "\udc00x", "\ufeff", "\u202e", "\r\nX: y", "%00", "..", "."],
    ...["__proto__", "constructor", "toString", "null", "undefined", "NaN", "true", "-1", "1e9", "0x10"],
    ...["' or 1=1 --", "{{7*7}}", "<script>", "../../etc/passwd", "@scout", "search: x", "manager"],
    ...["💥".repeat(50), "é".normalize("NFD"), "x".repeat(9_000), "ﷺ".repeat(200)],
  ),
);

export const oddNumber: fc.Arbitrary<number> = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-1, 0, 0.5, 201, 2 ** 31, 2 ** 53, 1e21, -0),
);

/** Anything that JSON can hold, odd texts and names among it. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  oddNumber,
  fc.constantFrom(null, true, false, [], {}, [[]], [null]),
  fc.jsonValue({ maxDepth: 3, stringUnit: "binary" }),
  fc.array(oddText, { maxLength: 40 }),
);

/** What a header can carry; bytes beyond ASCII are sent by wire.test.ts. */
export function headerText(maxLength: number): fc.Arbitrary<string> {
  const odd = fc.constantFrom("", ",", "a,b", "a".repeat(maxLength), "\u007f", "a\tb", '"', "\\");
  return fc.oneof(fc.string({ maxLength }), odd).map((text) => text.trim());
}
