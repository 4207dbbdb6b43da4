import type { RosterAgent } from "../plan/roster-agent.ts";
import type { SummaryPlan } from "../summary/summary-plan.ts";
import type { SameTurnAnswer, TranscriptMessage } from "./prompt.ts";

/** A message with its estimated tokens, not yet scaled to a model. */
export type MeasuredMessage = TranscriptMessage & { rawTokens: number };

/** What all agents of a turn are shown from; read at open, and no part of the graph's state. */
export type TurnContext = {
  goal: string | null;
  roster: readonly RosterAgent[];
  summary: { id: string; text: string } | null;
  /** The raw window: what came after the summary, oldest first. */
  history: readonly MeasuredMessage[];
  userMessage: string;
  /** The turn's other answers, where it is retried. */
  storedAnswers: readonly SameTurnAnswer[];
  /** By model alias: what an estimate is multiplied with, from what the provider counted before. */
  tokenScales: ReadonlyMap<string, number>;
  /** What is to be summarised beside this turn; null: nothing. */
  dueSummary: SummaryPlan<MeasuredMessage & { tokens: number }> | null;
};

/** Before a provider has counted a prompt of this session: a margin on the estimate. */
export const defaultTokenScale = 1.25;

const minScale = 0.7;
const maxScale = 3;

/** What the provider counted for a prompt, and what had been estimated for it at which scale. */
export type TokenCount = { tokenScale: number; estimatedTokens: number; countedTokens: number };

/** The median of the scales that would have made the last estimates right: one odd report changes little. */
export function learnTokenScale(counts: readonly TokenCount[]): number {
  const scales = counts
    .filter(({ estimatedTokens, countedTokens }) => estimatedTokens > 0 && countedTokens > 0)
    .map(({ tokenScale, estimatedTokens, countedTokens }) => (countedTokens * tokenScale) / estimatedTokens)
    .toSorted((one, other) => one - other);
  const middle = scales.length / 2;
  const [low, high] = [scales[Math.ceil(middle) - 1], scales[Math.floor(middle)]];
  return low === undefined || high === undefined ? defaultTokenScale : boundScale((low + high) / 2);
}

/**
 * After a provider said that a prompt was too long: by the count that it named, or a third more. A refusal never
 * lowers the scale: a count below the estimate says that the model's window is smaller than the catalog has it.
 */
export function scaleAfterTooLong(
  { tokenScale, estimatedTokens }: Omit<TokenCount, "countedTokens">,
  countedTokens: number | null,
): number {
  const countedScale = estimatedTokens > 0 ? ((countedTokens ?? 0) * tokenScale) / estimatedTokens : 0;
  return boundScale(countedScale > tokenScale ? countedScale : tokenScale * 1.3);
}

/** After a refusal of our own: half as far from 1, so that no estimate keeps a session shut for ever. */
export function scaleAfterRefusal(tokenScale: number): number {
  return boundScale(1 + (tokenScale - 1) / 2);
}

function boundScale(scale: number): number {
  return Math.min(maxScale, Math.max(minScale, scale));
}
