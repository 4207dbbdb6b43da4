import type { TurnFiles } from "../files/turn-files.ts";
import type { RosterAgent } from "../plan/roster-agent.ts";
import type { SummaryPlan } from "../summary/summary-plan.ts";
import type { SameTurnAnswer, TranscriptMessage } from "./prompt.ts";

/** A message with its estimated tokens, not yet scaled to a model. */
export type MeasuredMessage = TranscriptMessage & { rawTokens: number };

/** What the prompts of a turn are made from. It is read at open and is no part of the graph's state. */
export type TurnContext = {
  goal: string | null;
  roster: readonly RosterAgent[];
  summary: { id: string; text: string } | null;
  /** The raw window: the messages after the summary, oldest first. */
  history: readonly MeasuredMessage[];
  userMessage: string;
  /** The room's files, for agents that may read them. */
  files: TurnFiles;
  /** The other answers of a turn that is retried. */
  storedAnswers: readonly SameTurnAnswer[];
  /** By model alias: the factor that corrects estimates. */
  tokenScales: ReadonlyMap<string, number>;
  /** The summary to make during this turn. Null: none is due. */
  dueSummary: SummaryPlan<MeasuredMessage & { tokens: number }> | null;
  /** Whether a model makes the title of the session during this turn. */
  isTitleDue: boolean;
};
