import { releaseClaim } from "../db/turn/commit-turn.ts";
import type { OpenedClaim } from "../db/turn/open-turn.ts";
import type { StoredMessage } from "../db/turn/session-window.ts";
import type { Deps } from "../deps.ts";
import { defaultContextWindowTokens } from "../domain/catalog.ts";
import { type AgentContext, fitAgentContext } from "../domain/context/agent-context.ts";
import { planContextBudget } from "../domain/context/context-budget.ts";
import type { SameTurnAnswer } from "../domain/context/prompt.ts";
import { firstTokenScale, type MeasuredMessage, type TurnContext } from "../domain/context/turn-context.ts";
import { PantheonError } from "../domain/errors.ts";
import { type PlanVerdict, sharesAnswers, type TurnPlan } from "../domain/plan/turn-plan.ts";
import { renderSummary } from "../domain/summary/summary-contract.ts";
import { planSummary } from "../domain/summary/summary-plan.ts";

/** A plan and what its agents are shown: ready to run. */
export type PlannedRun = { plan: TurnPlan; context: TurnContext };

/**
 * Makes the run's plan and context. A run that cannot be planned, or whose agents cannot hold what they must
 * be shown, gives its claim back before it is refused. One that was under way before is not given back: what it
 * has spent would leave the books, so that whoever cannot be shown enough fails in it.
 * @throws PantheonError the plan's refusal, or `context_budget_exceeded`.
 */
export async function planRun(
  deps: Deps,
  claim: OpenedClaim,
  verdict: PlanVerdict,
  storedAnswers: readonly SameTurnAnswer[],
): Promise<PlannedRun> {
  if (!verdict.ok)
    return refuse(deps, claim, new PantheonError(verdict.refusal.code, verdict.refusal.detail));
  const { plan } = verdict;
  const context = buildContext(deps, claim, storedAnswers);
  const fits = plan.agents.map((agent) =>
    fitAgentContext({
      ...deps,
      limits: deps.limits.context,
      agent,
      mode: plan.mode,
      context,
      sameTurnAnswers: sharesAnswers(plan) ? storedAnswers : [],
      exchange: [],
      toolFindings: null,
    }),
  );
  const overflow = findOverflow(plan, fits);
  const isNew = claim.pastHolders.length === 0;
  if (overflow !== undefined && isNew) return refuse(deps, claim, budgetExceeded(overflow));
  return { plan, context: { ...context, dueSummary: planDueSummary(deps, claim, context, fits) } };
}

/** Whoever must answer must fit; of a routed plan's candidates, somebody. */
function findOverflow(plan: TurnPlan, fits: readonly AgentContext[]): AgentContext | undefined {
  const overflowing = fits.filter(({ overflow }) => overflow);
  const isRefused = plan.flow === "routed" ? overflowing.length === fits.length : overflowing.length > 0;
  return isRefused ? overflowing[0] : undefined;
}

function budgetExceeded({ budget, estimatedTokensAfterPrune, agentKey }: AgentContext): PantheonError {
  return new PantheonError(
    "context_budget_exceeded",
    `Even without the older conversation this turn does not fit the model of agent '${agentKey}'.`,
    {
      members: {
        input_budget: budget.inputBudget,
        estimated_tokens: estimatedTokensAfterPrune,
        model_context_limit: budget.modelContextLimit,
      },
    },
  );
}

async function refuse(deps: Deps, claim: OpenedClaim, error: PantheonError): Promise<never> {
  await releaseClaim(deps.db, claim);
  throw error;
}

function buildContext(deps: Deps, claim: OpenedClaim, storedAnswers: readonly SameTurnAnswer[]): TurnContext {
  const { goal, roster } = claim.snapshot;
  return {
    goal,
    roster,
    summary:
      claim.summary === undefined ? null : { id: claim.summary.id, text: renderSummary(claim.summary) },
    history: claim.window.newest.map((message) => measure(deps, message)),
    userMessage: claim.request.message,
    storedAnswers,
    tokenScales: claim.tokenScales,
    dueSummary: null,
  };
}

/** Its estimate stands with each message; those that were stored without one are measured now. */
function measure(deps: Deps, { estimatedTokens, ...message }: StoredMessage): MeasuredMessage {
  const { excluded, content } = message;
  const rawTokens = excluded === null ? (estimatedTokens ?? deps.estimateTokens(content)) : 0;
  return { ...message, rawTokens };
}

/** The summarizer's instructions and the summary it is writing; the summary before comes on top. Tokens. */
const summaryPromptTokens = 700;
/** What the record of one message adds to its text. Tokens. */
const recordTokens = 12;

function summaryBudget({ catalog, limits, estimateTokens }: Deps, { summary }: TurnContext): number {
  const window =
    catalog.models.get(limits.summarizerModelAlias)?.contextWindowTokens ?? defaultContextWindowTokens;
  const { inputBudget } = planContextBudget(window, limits.context.maxOutputTokens);
  const previousTokens = Math.ceil(estimateTokens(summary?.text ?? "") * firstTokenScale);
  return Math.max(1, inputBudget - summaryPromptTokens - previousTokens);
}

function planDueSummary(deps: Deps, claim: OpenedClaim, context: TurnContext, fits: readonly AgentContext[]) {
  const reachesBack = context.history[0]?.seq === (claim.summary?.toSeq ?? 0) + 1;
  const forSummarizer = (message: MeasuredMessage) => ({
    ...message,
    tokens: Math.ceil((message.rawTokens + recordTokens) * firstTokenScale),
  });
  const fillRatios = fits.map(
    ({ budget, estimatedTokensBefore }) => estimatedTokensBefore / Math.max(1, budget.inputBudget),
  );
  return planSummary({
    turnIndex: claim.turnIndex,
    lastSummary: claim.summary ?? null,
    window: context.history.map(forSummarizer),
    backlog: reachesBack ? [] : claim.window.oldest.map((message) => forSummarizer(measure(deps, message))),
    fillRatio: Math.max(0, ...fillRatios),
    limits: deps.limits.context,
    summarizerBudgetTokens: summaryBudget(deps, context),
  });
}
