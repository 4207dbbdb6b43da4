import type { ContextLimits } from "../context/context-budget.ts";
import { cutTranscript } from "../context/transcript-cut.ts";
import type { ExclusionReason } from "../turn/exclusion.ts";

/** A message that no summary covers yet. `tokens` are estimates, scaled to the summarizer's model. */
export type UnsummarisedMessage = {
  seq: number;
  turnIndex: number;
  /** `private` is covered by a summary, but never told in it: a summary is shown to every agent. */
  visibility: "shared" | "private";
  /** Covered and never told either, where it is not null. */
  excluded: ExclusionReason | null;
  content: string;
  tokens: number;
};

/** The messages that a summary stands for: whole turns, from the end of the summary before it. */
export type SummaryRange = { fromSeq: number; toSeq: number };

export type SummaryPlan<Message> = SummaryRange & {
  /** The last turn covered. */
  toTurnIndex: number;
  /** What is to be summarised, oldest first: the shared messages of the range. Fits the summarizer's budget. */
  transcript: readonly Message[];
  /** The one turn covered was larger than the summarizer's budget, and its longest texts are cut. */
  cutToBudget: boolean;
};

/** A summarizer that can read no more than this would make a summary of next to nothing. */
export const minSummarizerBudgetTokens = 256;

export type SummaryPlanInput<Message> = {
  /** Index of the turn now running; it and what follows it are never summarised. */
  turnIndex: number;
  lastSummary: { toSeq: number; madeInTurnIndex: number } | null;
  /**
   * The newest unsummarised messages, oldest first, without a gap up to the last stored one. Where it begins in
   * the last `keepRawTurns` turns, which no summary covers, it may have gaps.
   */
  window: readonly Message[];
  /**
   * Needed where `window` does not reach back to the last summary: the oldest unsummarised messages, without
   * a gap, at least to the first message of their second turn. It may overlap the window.
   */
  backlog: readonly Message[];
  /** The largest share of its input budget that any agent of the turn fills, before pruning. */
  fillRatio: number;
  limits: Pick<ContextLimits, "summaryRatio" | "summaryEveryTurns" | "keepRawTurns">;
  /** What the summarizer can read beside its instructions and the summary before. */
  summarizerBudgetTokens: number;
};

/**
 * Decides whether a summary is due and of what; null: of nothing. Due at `summaryRatio`, every
 * `summaryEveryTurns` turns, or once the window no longer reaches back to the last summary, since agents do
 * not see what lies between. It covers the oldest whole turns that fit, never the last `keepRawTurns` (nor
 * the very last, which a retry may still add to).
 */
export function planSummary<Message extends UnsummarisedMessage>(
  input: SummaryPlanInput<Message>,
): SummaryPlan<Message> | null {
  const fromSeq = (input.lastSummary?.toSeq ?? 0) + 1;
  const reachesBack = input.window[0]?.seq === fromSeq;
  if (input.summarizerBudgetTokens < minSummarizerBudgetTokens) return null;
  if (reachesBack && !isDue(input)) return null;
  const turns = coverableTurns(reachesBack ? input.window : joinBlocks(input, fromSeq), input);
  const [first] = turns;
  if (first === undefined) return null;
  const fitting = oldestThatFit(turns, input.summarizerBudgetTokens);
  const cutToBudget = fitting.length === 0;
  const last = fitting.at(-1) ?? first;
  const transcript = cutToBudget
    ? cutTranscript(first.shared, input.summarizerBudgetTokens)
    : fitting.flatMap(({ shared }) => shared);
  if (transcript.length === 0) return null;
  return {
    fromSeq,
    toSeq: last.toSeq,
    toTurnIndex: last.turnIndex,
    transcript,
    cutToBudget,
  };
}

/** Before the first summary, turns count from the first one, as if it had made one. */
function isDue({ turnIndex, lastSummary, fillRatio, limits }: SummaryPlanInput<unknown>): boolean {
  const turnsSinceSummary = turnIndex - (lastSummary?.madeInTurnIndex ?? 1);
  return fillRatio >= limits.summaryRatio || turnsSinceSummary >= limits.summaryEveryTurns;
}

/** The messages from `fromSeq` on, up to the gap between the blocks where there is one. */
function joinBlocks<Message extends UnsummarisedMessage>(
  { backlog, window }: SummaryPlanInput<Message>,
  fromSeq: number,
): readonly Message[] {
  if (backlog[0]?.seq !== fromSeq) return [];
  const backlogEnd = backlog.at(-1)?.seq ?? 0;
  // Messages that are not read leave holes in `seq` too: only blocks that overlap or touch surely have no gap.
  const windowStart = window[0]?.seq ?? Number.POSITIVE_INFINITY;
  if (windowStart > backlogEnd + 1) return backlog;
  return [...backlog, ...window.filter(({ seq }) => seq > backlogEnd)];
}

type CoverableTurn<Message> = { turnIndex: number; toSeq: number; shared: Message[]; tokens: number };

/**
 * The turns that are known to their ends: one ends right before the first message of the next, so that what
 * is hidden at its end is covered too; of the last turn given the end is not known.
 */
function coverableTurns<Message extends UnsummarisedMessage>(
  messages: readonly Message[],
  { turnIndex, limits }: SummaryPlanInput<Message>,
): CoverableTurn<Message>[] {
  const byTurn = [...Map.groupBy(messages, (message) => message.turnIndex)];
  const lastCoverable = turnIndex - 1 - Math.max(1, limits.keepRawTurns);
  return byTurn.flatMap(([index, ofTurn], place) => {
    const nextTurn = byTurn[place + 1]?.[1][0];
    if (nextTurn === undefined || index > lastCoverable) return [];
    const shared = ofTurn.filter(({ visibility, excluded }) => visibility === "shared" && excluded === null);
    const tokens = shared.reduce((sum, message) => sum + message.tokens, 0);
    return [{ turnIndex: index, toSeq: nextTurn.seq - 1, shared, tokens }];
  });
}

function oldestThatFit<Turn extends { tokens: number }>(
  turns: readonly Turn[],
  budgetTokens: number,
): Turn[] {
  let tokens = 0;
  const tooMany = turns.findIndex((turn) => {
    tokens += turn.tokens;
    return tokens > budgetTokens;
  });
  return turns.slice(0, tooMany === -1 ? turns.length : tooMany);
}
