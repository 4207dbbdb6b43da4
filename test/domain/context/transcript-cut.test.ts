import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutTranscript } from "../../../src/domain/context/transcript-cut.ts";

const text = (tokens: number) => ({ content: "x".repeat(4 * tokens), tokens });

describe("cutTranscript", () => {
  it("cuts the longest texts to the same length and leaves the short ones", () => {
    const cut = cutTranscript([text(900), text(50), text(300), text(10)], 260);
    expect(cut.map(({ tokens, content }) => [tokens, content.length])).toEqual([
      [100, 400],
      [50, 200],
      [100, 400],
      [10, 40],
    ]);
  });

  it("changes nothing where everything fits", () => {
    const messages = [text(60), text(40)];
    expect(cutTranscript(messages, 100)).toEqual(messages);
  });

  it("always fits, keeps the beginnings, and cuts no text shorter than its share", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(sizes, fc.nat(10_000), (sizes, budget) => {
        const messages = sizes.map(text);
        const cut = cutTranscript(messages, budget);
        const used = cut.reduce((sum, { tokens }) => sum + tokens, 0);
        expect(used).toBeLessThanOrEqual(Math.max(budget, 0));
        const share = Math.floor(budget / Math.max(1, sizes.length));
        cut.forEach(({ content, tokens }, index) => {
          expect(messages[index]?.content.startsWith(content)).toBe(true);
          expect(content.length).toBe(4 * tokens);
          expect(tokens).toBeGreaterThanOrEqual(Math.min(sizes[index] ?? 0, share));
        });
      }),
    );
  });
});
