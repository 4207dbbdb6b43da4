import type { RosterAgent } from "../plan/turn-plan.ts";
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
export const firstTokenScale = 1.25;

const smallestScale = 0.25;
const largestScale = 4;

/** The scale that would have made the last estimate right, kept within sane bounds. */
export function nextTokenScale(last: {
  tokenScale: number;
  estimatedTokens: number;
  countedTokens: number;
}): number {
  if (last.estimatedTokens <= 0 || last.countedTokens <= 0) return firstTokenScale;
  const scale = (last.countedTokens * last.tokenScale) / last.estimatedTokens;
  return Math.min(largestScale, Math.max(smallestScale, scale));
}
