import type { TokenUsage } from "../../domain/billing/pricing.ts";
import { toNumber, toRecord, type WireRecord } from "./wire-values.ts";

/** Usage as the provider reports it. */
export type UsageReport = {
  prompt: number;
  completion: number;
  total: number;
  cached: number;
  reasoning: number;
  costUsd: number | null;
};

/** A report of more tokens is wrong. */
const maxTokens = 100_000_000;

/** A chunk's report of usage, in any of the fields that providers use. Null: there is no valid one. */
export function readUsage(chunk: WireRecord, choice: WireRecord | null): UsageReport | null {
  const candidates = [chunk.usage, choice?.usage, toRecord(chunk.x_groq)?.usage];
  for (const candidate of candidates) {
    const wire = toRecord(candidate);
    const report = wire === null ? null : readReport(wire);
    if (report !== null) return report;
  }
  return null;
}

function readReport(wire: WireRecord): UsageReport | null {
  const prompt = readCount(wire.prompt_tokens ?? wire.input_tokens);
  const total = readCount(wire.total_tokens);
  const cached = readCached(wire);
  const reasoning = readCount(
    toRecord(wire.completion_tokens_details)?.reasoning_tokens ?? wire.reasoning_tokens,
  );
  if (prompt === null || prompt === 0 || total === null || cached === null || reasoning === null) return null;
  const stated = wire.completion_tokens ?? wire.output_tokens ?? Math.max(0, total - prompt);
  const completion = readCount(stated);
  if (completion === null) return null;
  return { prompt, completion, total, cached, reasoning, costUsd: readCost(wire.cost) };
}

/** Providers name them differently, and some give a name without a number. */
function readCached(wire: WireRecord): number | null {
  const counts = [
    toRecord(wire.prompt_tokens_details)?.cached_tokens,
    wire.prompt_cache_hit_tokens,
    wire.cached_tokens,
    wire.cache_read_input_tokens,
  ].map(readCount);
  return counts.reduce((max, count) => (max === null || count === null ? null : Math.max(max, count)), 0);
}

/** 0: nothing is reported. Null: the report is wrong. */
function readCount(value: unknown): number | null {
  if (value === undefined || value === null) return 0;
  const count = toNumber(value);
  return count !== null && Number.isInteger(count) && count >= 0 && count <= maxTokens ? count : null;
}

/** A cost that is missing or wrong is unknown, never zero. */
function readCost(value: unknown): number | null {
  const cost = toNumber(value);
  return cost !== null && cost >= 0 && cost < 1e9 ? cost : null;
}

/** Of several reports the larger number of each field counts. */
export function joinReports(before: UsageReport | null, report: UsageReport | null): UsageReport | null {
  if (before === null || report === null) return before ?? report;
  return {
    prompt: Math.max(before.prompt, report.prompt),
    completion: Math.max(before.completion, report.completion),
    total: Math.max(before.total, report.total),
    cached: Math.max(before.cached, report.cached),
    reasoning: Math.max(before.reasoning, report.reasoning),
    costUsd: joinCosts(before.costUsd, report.costUsd),
  };
}

function joinCosts(before: number | null, cost: number | null): number | null {
  if (before === null || cost === null) return before ?? cost;
  return Math.max(before, cost);
}

/**
 * The tokens for the ledger. Cached tokens are part of the prompt's tokens, unless the numbers show that they are counted
 * beside them. Output is the completion's tokens; where reasoning is counted beside them, it is the rest of the total.
 */
export function toTokenUsage(
  { prompt, completion, total, cached, reasoning }: UsageReport,
  hasReasoning: boolean,
): TokenUsage {
  const isBeside = cached > prompt || (cached > 0 && total === prompt + cached + completion);
  const input = isBeside ? prompt + cached : prompt;
  const isReasoningApart = (reasoning > completion || hasReasoning) && total > input + completion;
  return {
    fresh: input - cached,
    cached,
    output: isReasoningApart ? total - input : completion,
  };
}

/** A decimal of US dollars, as the ledger stores it. */
export function formatCost(costUsd: number | null): string | null {
  return costUsd === null ? null : costUsd.toFixed(8);
}
