import type { TurnOutcome } from "./turn-outcome.ts";

/** What a session keeps of its failures. It is read with every open, and written when it changes. */
export type SessionState = {
  /** Summaries that failed since one was stored. */
  summaryFailures: number;
  /** No summary is tried before this turn. */
  nextSummaryTurnIndex: number;
  /** By model alias: token scales that refusals taught, until the provider counts a prompt again. */
  refusalScales: Readonly<Record<string, number>>;
};

/** The session after a turn; null: it is as it was. */
export function changeSession(
  session: SessionState,
  { summary, summaryFailed }: Pick<TurnOutcome, "summary" | "summaryFailed">,
  turnIndex: number,
): SessionState | null {
  if (summaryFailed === true) return afterFailedSummary(session, turnIndex);
  return summary !== null && session.summaryFailures > 0 ? afterStoredSummary(session) : null;
}

const firstFailures = 2;
const turnsAfterFirstFailures = 4;
const turnsAfterMoreFailures = 16;

/** Summaries are not billed to anybody: one that fails again and again is tried ever more seldom. */
export function afterFailedSummary(session: SessionState, turnIndex: number): SessionState {
  const summaryFailures = session.summaryFailures + 1;
  const pause = summaryFailures > firstFailures ? turnsAfterMoreFailures : turnsAfterFirstFailures;
  return { ...session, summaryFailures, nextSummaryTurnIndex: turnIndex + pause };
}

export function afterStoredSummary(session: SessionState): SessionState {
  return { ...session, summaryFailures: 0, nextSummaryTurnIndex: 0 };
}
