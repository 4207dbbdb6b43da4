import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutBytes, cutCharacters, cutWords } from "../../../src/domain/text/cut-text.ts";
import { isStorableText, toStorableText } from "../../../src/domain/text/storable-text.ts";

const anyText = fc.string({ unit: "binary", maxLength: 60 });
const bytesOf = (text: string) => new TextEncoder().encode(text).length;

describe("cutting text", () => {
  it("never cuts a character in two", () => {
    expect(cutCharacters("a😀b", 2)).toBe("a😀");
    expect(cutBytes("a😀b", 4)).toBe("a");
    expect(cutBytes("a😀b", 5)).toBe("a😀");
    expect(cutBytes("é".repeat(10), 5)).toBe("éé");
  });

  it("keeps as much as fits", () => {
    fc.assert(
      fc.property(anyText, fc.nat(80), (text, most) => {
        const characters = cutCharacters(text, most);
        expect([...characters]).toEqual([...text].slice(0, most));
        const bytes = cutBytes(text, most);
        expect(text.startsWith(bytes)).toBe(true);
        expect(bytesOf(bytes)).toBeLessThanOrEqual(most);
        const [next = ""] = text.slice(bytes.length);
        expect(next === "" || bytesOf(cutCharacters(text, [...bytes].length + 1)) > most).toBe(true);
      }),
    );
  });

  it("cuts between words and keeps the white space between them", () => {
    expect(cutWords(" one\n two  three ", 2)).toBe(" one\n two");
    expect(cutWords("one two", 2)).toBe("one two");
    expect(cutWords("one two ", 3)).toBe("one two ");
  });

  it("removes characters that Postgres refuses", () => {
    expect(toStorableText("a\u0000b\ud800c")).toBe("ab\ufffdc");
    for (const text of ["a\u0000b", "\ud800c"]) {
      expect(isStorableText(text)).toBe(false);
      expect(isStorableText(toStorableText(text))).toBe(true);
    }
  });
});
