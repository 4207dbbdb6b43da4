import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDecimal, parseDecimal, priceCall } from "../../../src/domain/billing/pricing.ts";

describe("the price of a call", () => {
  // The worked examples of pricing version 2026-02-20.
  test.each([
    ["deepseek", { fresh: 120, cached: 0, output: 40 }, 100, "82.00", "0.00820000"],
    ["qwen", { fresh: 1_000, cached: 500, output: 200 }, 50, "600.00", "0.03000000"],
    ["premium", { fresh: 10_000, cached: 0, output: 1_000 }, 1_400, "4500.00", "6.30000000"],
  ])("%s: exact", (_alias, usage, multiplierHundredths, oeTokens, credits) => {
    const price = priceCall(usage, multiplierHundredths);
    expect(formatDecimal(price.oeHundredths, 2)).toBe(oeTokens);
    expect(formatDecimal(price.creditsE8, 8)).toBe(credits);
  });

  test("fresh, cached and output tokens weigh 0.35, 0.10 and 1.00", () => {
    const oe = (usage: Parameters<typeof priceCall>[0]) => priceCall(usage, 100).oeHundredths;
    expect(oe({ fresh: 1, cached: 0, output: 0 })).toBe(35n);
    expect(oe({ fresh: 0, cached: 1, output: 0 })).toBe(10n);
    expect(oe({ fresh: 0, cached: 0, output: 1 })).toBe(100n);
  });

  test("a multiplier below 0.50 is charged as 0.50", () => {
    const usage = { fresh: 7, cached: 3, output: 11 };
    expect(priceCall(usage, 1)).toEqual(priceCall(usage, 50));
    expect(priceCall(usage, 51).creditsE8).toBeGreaterThan(priceCall(usage, 50).creditsE8);
  });

  test("a call without tokens costs nothing", () => {
    expect(priceCall({ fresh: 0, cached: 0, output: 0 }, 1_400)).toEqual({ oeHundredths: 0n, creditsE8: 0n });
  });

  test("the largest call that a ledger row can hold is priced exactly", () => {
    const most = 2 ** 31 - 1;
    expect(priceCall({ fresh: most, cached: most, output: most }, 1_400).creditsE8).toBe(
      145n * BigInt(most) * 1_400n,
    );
  });
});

describe("decimals", () => {
  const places = fc.integer({ min: 1, max: 12 });
  const units = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n });

  test("a decimal that is written is read back unchanged", () => {
    fc.assert(
      fc.property(units, places, (count, decimals) => {
        expect(parseDecimal(formatDecimal(count, decimals), decimals)).toBe(count);
      }),
    );
  });

  test("every decimal is written with all its places", () => {
    expect(formatDecimal(0n, 8)).toBe("0.00000000");
    expect(formatDecimal(-1n, 4)).toBe("-0.0001");
    expect(formatDecimal(820_000n, 8)).toBe("0.00820000");
  });

  test("a decimal with fewer places is read as well", () => {
    expect(parseDecimal("5", 2)).toBe(500n);
    expect(parseDecimal("0.5", 8)).toBe(50_000_000n);
  });

  test.each(["", "abc", "1.", ".5", "1e3", "0.123", "NaN", " 1"])(
    "%j is refused as a decimal of two places",
    (text) => {
      expect(() => parseDecimal(text, 2)).toThrow(RangeError);
    },
  );
});
