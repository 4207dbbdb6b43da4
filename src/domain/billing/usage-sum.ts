import { parseDecimal } from "./pricing.ts";

/** The usage of several calls together. */
export type UsageSum = {
  calls: number;
  inputTokensFresh: number;
  inputTokensCached: number;
  outputTokens: number;
  totalTokens: number;
  /** 10⁻⁸ credits. */
  creditsE8: bigint;
};

type CallUsage = Omit<UsageSum, "calls" | "creditsE8"> & {
  /** A decimal with eight places. */
  credits: string;
  status: "completed" | "failed" | "unknown";
};

/** Rows of status `unknown` are left out: it is not known whether those calls were made, and they cost nothing. */
export function sumUsage(ledger: readonly CallUsage[]): UsageSum {
  const known = ledger.filter(({ status }) => status !== "unknown");
  const sum = (count: (row: CallUsage) => number) => known.reduce((total, row) => total + count(row), 0);
  return {
    calls: known.length,
    inputTokensFresh: sum((row) => row.inputTokensFresh),
    inputTokensCached: sum((row) => row.inputTokensCached),
    outputTokens: sum((row) => row.outputTokens),
    totalTokens: sum((row) => row.totalTokens),
    creditsE8: known.reduce((total, { credits }) => total + parseDecimal(credits, 8), 0n),
  };
}
