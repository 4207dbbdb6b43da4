import type { PromptMeasure, TurnOutcome } from "./turn-outcome.ts";

/** What a session keeps of its failures. It is read with every open, and written when it changes. */
export type SessionState = {
  /** Summaries that failed since one was stored. */
  summaryFailures: number;
  /** No summary is tried before this turn. */
  nextSummaryTurnIndex: number;
  /** By model alias: token scales learnt from refusals, kept until the provider counts a prompt again. */
  refusalScales: Readonly<Record<string, number>>;
};

type SummaryOutcome = Pick<TurnOutcome, "summary" | "summaryFailed">;
type PromptOutcome = {
  replies: readonly { agentKey: string; refusalScale?: number }[];
  prompts: readonly Pick<PromptMeasure, "agentKey" | "countedInputTokens">[];
};
type TurnFacts = { turnIndex: number; modelAliasOf: (agentKey: string) => string };

/** The session after a turn; null: it is as it was. */
export function changeSession(
  session: SessionState,
  outcome: SummaryOutcome & PromptOutcome,
  { turnIndex, modelAliasOf }: TurnFacts,
): SessionState | null {
  const changed = afterSummary(session, outcome, turnIndex);
  const refusalScales = changeRefusalScales(session.refusalScales, outcome, modelAliasOf);
  if (refusalScales !== session.refusalScales) return { ...changed, refusalScales };
  return changed === session ? null : changed;
}

/** A refusal counts more than counts of shorter prompts in the same run. Of several refusals the largest scale stays. */
function changeRefusalScales(
  scales: SessionState["refusalScales"],
  { replies, prompts }: PromptOutcome,
  modelAliasOf: TurnFacts["modelAliasOf"],
): SessionState["refusalScales"] {
  const changed = new Map(Object.entries(scales));
  const counted = prompts.filter(({ countedInputTokens }) => (countedInputTokens ?? 0) > 0);
  const dropped = counted.filter(({ agentKey }) => changed.delete(modelAliasOf(agentKey)));
  const refusals = replies.flatMap(({ agentKey, refusalScale }) =>
    refusalScale === undefined ? [] : [{ alias: modelAliasOf(agentKey), refusalScale }],
  );
  for (const { alias, refusalScale } of refusals.toSorted(
    (one, other) => one.refusalScale - other.refusalScale,
  )) {
    changed.set(alias, refusalScale);
  }
  return dropped.length + refusals.length === 0 ? scales : Object.fromEntries(changed);
}

function afterSummary(
  session: SessionState,
  { summary, summaryFailed }: SummaryOutcome,
  turnIndex: number,
): SessionState {
  if (summaryFailed === true) return afterFailedSummary(session, turnIndex);
  return summary !== null && session.summaryFailures > 0 ? afterStoredSummary(session) : session;
}

const firstFailures = 2;
const turnsAfterFirstFailures = 4;
const turnsAfterMoreFailures = 16;

/** Summaries are not billed, so after repeated failures the next one is tried later. */
export function afterFailedSummary(session: SessionState, turnIndex: number): SessionState {
  const summaryFailures = session.summaryFailures + 1;
  const pause = summaryFailures > firstFailures ? turnsAfterMoreFailures : turnsAfterFirstFailures;
  return { ...session, summaryFailures, nextSummaryTurnIndex: turnIndex + pause };
}

export function afterStoredSummary(session: SessionState): SessionState {
  return { ...session, summaryFailures: 0, nextSummaryTurnIndex: 0 };
}
