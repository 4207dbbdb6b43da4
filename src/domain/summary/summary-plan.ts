import type { ContextLimits } from "../context/context-budget.ts";
import { cutTranscript } from "../context/transcript-cut.ts";
import type { OmissionReason } from "../turn/exclusion.ts";

/** A message that no summary covers yet. `tokens` are estimates, scaled to the summarizer's model. */
export type UnsummarisedMessage = {
  seq: number;
  turnIndex: number;
  /** `private` messages are within the range of a summary but not in its transcript: every agent is shown a summary. */
  visibility: "shared" | "private";
  /** Not null: within the range, but not in the transcript. */
  excluded: OmissionReason | null;
  content: string;
  tokens: number;
};

/** The messages that a summary replaces: whole turns, from the end of the previous summary. */
export type SummaryRange = { fromSeq: number; toSeq: number };

export type SummaryPlan<Message> = SummaryRange & {
  /** The last turn covered. */
  toTurnIndex: number;
  /** The shared messages of the range, oldest first. They fit the summarizer's budget. */
  transcript: readonly Message[];
  /** Whether the only turn of the range was larger than the summarizer's budget. Its longest texts are then cut. */
  cutToBudget: boolean;
};

/** With a smaller budget no summary is made: it could cover almost nothing. */
export const minSummarizerBudgetTokens = 256;

export type SummaryPlanInput<Message> = {
  /** Index of the running turn. It is never summarised. */
  turnIndex: number;
  lastSummary: { toSeq: number; madeInTurnIndex: number } | null;
  /**
   * The newest unsummarised messages, oldest first, without a gap up to the last stored one. It may have gaps if it begins
   * within the last `keepRawTurns` turns, which no summary covers.
   */
  window: readonly Message[];
  /**
   * The oldest unsummarised messages without a gap, at least to the first message of their second turn. Needed where
   * `window` does not reach back to the last summary. It may overlap the window.
   */
  backlog: readonly Message[];
  /** The largest share of an agent's input budget that is used before pruning. */
  fillRatio: number;
  limits: Pick<ContextLimits, "summaryRatio" | "summaryEveryTurns" | "keepRawTurns">;
  /** Tokens that the summarizer can read beside its instructions and the previous summary. */
  summarizerBudgetTokens: number;
};

/**
 * Decides whether a summary is due and what it covers. Null: none is due. It is due at `summaryRatio`, every
 * `summaryEveryTurns` turns, or when the window no longer reaches back to the last summary, since agents do not see the
 * messages between. It covers the oldest whole turns that fit, never the last `keepRawTurns`, and never the last one, to
 * which a retry may still add.
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

/** Before the first summary, turns are counted as if turn 1 had made one. */
function isDue({ turnIndex, lastSummary, fillRatio, limits }: SummaryPlanInput<unknown>): boolean {
  const turnsSinceSummary = turnIndex - (lastSummary?.madeInTurnIndex ?? 1);
  return fillRatio >= limits.summaryRatio || turnsSinceSummary >= limits.summaryEveryTurns;
}

/** The messages from `fromSeq` on, up to the gap between the blocks if there is one. */
function joinBlocks<Message extends UnsummarisedMessage>(
  { backlog, window }: SummaryPlanInput<Message>,
  fromSeq: number,
): readonly Message[] {
  if (backlog[0]?.seq !== fromSeq) return [];
  const backlogEnd = backlog.at(-1)?.seq ?? 0;
  // Messages that are not read leave gaps in `seq` too. Only between blocks that overlap or touch there is surely no gap.
  const windowStart = window[0]?.seq ?? Number.POSITIVE_INFINITY;
  if (windowStart > backlogEnd + 1) return backlog;
  return [...backlog, ...window.filter(({ seq }) => seq > backlogEnd)];
}

type CoverableTurn<Message> = { turnIndex: number; toSeq: number; shared: Message[]; tokens: number };

/**
 * The turns whose end is known: a turn ends right before the first message of the next one, so hidden messages at its end
 * are covered too. The end of the last turn is not known.
 */
function coverableTurns<Message extends UnsummarisedMessage>(
  messages: readonly Message[],
  { turnIndex, limits }: SummaryPlanInput<Message>,
): CoverableTurn<Message>[] {
  const byTurn = [...Map.groupBy(messages, (message) => message.turnIndex)];
  const lastCoverable = turnIndex - 1 - Math.max(1, limits.keepRawTurns);
  return byTurn.flatMap(([coverable, messagesOfTurn], position) => {
    const nextTurn = byTurn[position + 1]?.[1][0];
    if (nextTurn === undefined || coverable > lastCoverable) return [];
    const shared = messagesOfTurn.filter(
      ({ visibility, excluded }) => visibility === "shared" && excluded === null,
    );
    const tokens = shared.reduce((sum, message) => sum + message.tokens, 0);
    return [{ turnIndex: coverable, toSeq: nextTurn.seq - 1, shared, tokens }];
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
