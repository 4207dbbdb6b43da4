import { type Catalog, defaultContextWindowTokens } from "../catalog.ts";
import type { AgentContext } from "../context/agent-context.ts";
import { type ContextLimits, planContextBudget } from "../context/context-budget.ts";
import { defaultTokenScale } from "../context/token-scale.ts";
import type { MeasuredMessage, TurnContext } from "../context/turn-context.ts";
import type { SessionState } from "../turn/session-state.ts";
import { planSummary } from "./summary-plan.ts";

export type DueSummaryInput = {
  turnIndex: number;
  lastSummary: { toSeq: number; madeInTurnIndex: number } | null;
  session: Pick<SessionState, "nextSummaryTurnIndex">;
  context: TurnContext;
  /** The oldest messages that no summary covers. Needed where the history does not reach back to them. */
  backlog: readonly MeasuredMessage[];
  /** Each agent's context at the start of the run. */
  fits: readonly AgentContext[];
  catalog: Catalog;
  limits: ContextLimits;
  summarizerModelAlias: string;
  estimateTokens: (text: string) => number;
};

/** Tokens of the summarizer's instructions and of the summary that it writes. The previous summary is not included. */
const summaryPromptTokens = 700;
/** Tokens that the record of one message adds to its text. */
const recordTokens = 12;

/** The summary to make during a turn. Null: none is due. */
export function planDueSummary(input: DueSummaryInput): TurnContext["dueSummary"] {
  const { turnIndex, lastSummary, context, backlog, fits, limits } = input;
  if (turnIndex < input.session.nextSummaryTurnIndex) return null;
  const reachesBack = context.history[0]?.seq === (lastSummary?.toSeq ?? 0) + 1;
  const usedShares = fits.map(
    ({ budget, estimatedTokensBefore }) => estimatedTokensBefore / Math.max(1, budget.inputBudget),
  );
  return planSummary({
    turnIndex,
    lastSummary,
    window: context.history.map(forSummarizer),
    backlog: reachesBack ? [] : backlog.map(forSummarizer),
    fillRatio: Math.max(0, ...usedShares),
    limits,
    summarizerBudgetTokens: summarizerBudget(input),
  });
}

function forSummarizer(message: MeasuredMessage) {
  return { ...message, tokens: Math.ceil((message.rawTokens + recordTokens) * defaultTokenScale) };
}

function summarizerBudget({ catalog, limits, summarizerModelAlias, ...input }: DueSummaryInput): number {
  const windowTokens =
    catalog.models.get(summarizerModelAlias)?.contextWindowTokens ?? defaultContextWindowTokens;
  const { inputBudget } = planContextBudget(windowTokens, limits.maxOutputTokens);
  const previous = input.context.summary;
  const previousTokens =
    previous === null ? 0 : Math.ceil(input.estimateTokens(previous.text) * defaultTokenScale);
  return Math.max(1, inputBudget - summaryPromptTokens - previousTokens);
}
