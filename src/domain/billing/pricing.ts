/** Tokens of one model call. `fresh` and `cached` are input tokens. */
export type TokenUsage = { fresh: number; cached: number; output: number };

/** Exact amounts of one call: integers, never floating point. */
export type Price = {
  /** Output-equivalent tokens in hundredths. */
  oeHundredths: bigint;
  /** Credits in hundredths of a micro-credit (10⁻⁸), the ledger's own precision. */
  creditsE8: bigint;
};

const minMultiplierHundredths = 50;

/**
 * Prices a call under pricing version 2026-02-20 (docs/transaction-policy.md, "Pricing"):
 * `OE = 0.35·fresh + 0.10·cached + 1.00·output`, `credits = OE / 10,000 × max(multiplier, 0.5)`.
 * OE is exact in hundredths and the multiplier has two decimals, so credits are exact at eight decimals:
 * hundredths × hundredths = 10⁻⁴, divided by 10⁴. There is nothing to round.
 */
export function priceCall(usage: TokenUsage, multiplierHundredths: number): Price {
  const oeHundredths = BigInt(35 * usage.fresh + 10 * usage.cached + 100 * usage.output);
  const multiplier = BigInt(Math.max(multiplierHundredths, minMultiplierHundredths));
  return { oeHundredths, creditsE8: oeHundredths * multiplier };
}

export function minOf(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

export function maxOf(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

/** Writes an integer count of 10^-`places` as a decimal for a `numeric` column or a reader. */
export function formatDecimal(units: bigint, places: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** Reads a decimal with at most `places` decimals, as `numeric` columns give it, as a count of 10^-`places`. */
export function parseDecimal(text: string, places: number): bigint {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === "" || fraction.length > places)
    throw new RangeError(`not a decimal of ${places} places: ${text}`);
  const units = BigInt(whole + fraction.padEnd(places, "0"));
  return sign === "-" ? -units : units;
}

/** The same amount with eight places, as the database writes it. */
export function normalizeCredits(text: string): string {
  return formatDecimal(parseDecimal(text, 8), 8);
}

/** What one credit sells at, US dollars. */
export const creditUsd = "0.03";
