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
};

export function sumUsage(ledger: readonly CallUsage[]): UsageSum {
  const sum = (count: (row: CallUsage) => number) => ledger.reduce((total, row) => total + count(row), 0);
  return {
    calls: ledger.length,
    inputTokensFresh: sum((row) => row.inputTokensFresh),
    inputTokensCached: sum((row) => row.inputTokensCached),
    outputTokens: sum((row) => row.outputTokens),
    totalTokens: sum((row) => row.totalTokens),
    creditsE8: ledger.reduce((total, { credits }) => total + parseDecimal(credits, 8), 0n),
  };
}
