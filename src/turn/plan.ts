import type { OpenedTurn } from "../db/turn/open-turn.ts";
import type { StoredMessage } from "../db/turn/session-window.ts";
import type { ClaimRow, StoredTurn } from "../db/turn/stored-turn.ts";
import type { Deps } from "../deps.ts";
import type { AgentContext } from "../domain/context/agent-context.ts";
import { attachFiles } from "../domain/context/attach-files.ts";
import type { SameTurnAnswer } from "../domain/context/prompt.ts";
import { listNotRead } from "../domain/context/seq-ranges.ts";
import type { MeasuredMessage, TurnContext } from "../domain/context/turn-context.ts";
import { contextBudgetExceeded, findOverflow, scalesAfterOverflow } from "../domain/context/turn-fit.ts";
import { PantheonError } from "../domain/errors.ts";
import { type PlanResult, planRetry, planTurn } from "../domain/plan/turn-plan.ts";
import { planDueSummary } from "../domain/summary/due-summary.ts";
import { renderSummary } from "../domain/summary/summary-contract.ts";
import {
  currentReplies,
  failedAgentSteps,
  hasCompletedSynthesis,
  isSynthesis,
} from "../domain/turn/current-replies.ts";
import { mayAskForTitle } from "../domain/turn/session-title.ts";
import { endRefused } from "./end.ts";
import type { Requester, Run, RunRequest, RunStart } from "./run.ts";

/** Plans a run that was opened, and leaves out what its execution does not need. @throws PantheonError as `planRun`. */
export async function prepareRun(
  deps: Deps,
  { start, request, turn }: { start: RunStart; request: RunRequest; turn: OpenedTurn },
): Promise<Run> {
  const planned = await planRun(deps, turn, request);
  const { window, ...rest } = turn;
  const readSeqs = window.newest.map(({ seq }) => seq);
  const notRead = listNotRead(turn.summary?.toSeq ?? 0, readSeqs);
  return { ...start, request, turn: rest, ...planned, notRead };
}

/**
 * Makes the run's plan and context. A run that cannot be planned, or whose agents cannot hold what they must be sent, ends
 * as refused. A resumed run that does not fit is not refused: its answers are paid for. Agents that no longer fit fail
 * instead.
 * @throws PantheonError the plan's refusal, or `context_budget_exceeded`.
 */
async function planRun(
  deps: Deps,
  turn: OpenedTurn,
  { user, log }: Pick<Requester, "user" | "log">,
): Promise<Pick<Run, "plan" | "context" | "promptTokens">> {
  const { claim } = turn;
  const isResumed = claim.pastHolders.length > 0;
  const refused = { claim, checkpoint: turn.checkpoint, userId: user.userId, log };
  const decision = decidePlan(turn);
  if (!decision.ok) {
    const { code, detail } = decision.refusal;
    const ending = isResumed ? "recovered_then_refused" : "refused";
    throw await endRefused(deps, ending, refused, new PantheonError(code, detail));
  }
  const { plan } = decision;
  const { catalog, estimateTokens, settings } = deps;
  const { context, fits } = attachFiles(plan, buildContext(deps, turn), turn.files.mentioned, {
    catalog,
    limits: settings.context,
    estimateTokens,
  });
  const overflow = findOverflow(plan, fits);
  if (overflow !== undefined && !isResumed) {
    const refusalScales = scalesAfterOverflow(plan, fits);
    throw await endRefused(deps, "refused", { ...refused, refusalScales }, contextBudgetExceeded(overflow));
  }
  const promptTokens = new Map(fits.map((fit) => [fit.agentKey, fit.estimatedTokensAfterPrune]));
  const dueSummary = findDueSummary(deps, turn, context, fits);
  return { plan, context: { ...context, dueSummary, isTitleDue: isTitleDue(deps, turn) }, promptTokens };
}

function findDueSummary(deps: Deps, turn: OpenedTurn, context: TurnContext, fits: readonly AgentContext[]) {
  const { catalog, estimateTokens, settings } = deps;
  return planDueSummary({
    turnIndex: turn.claim.turnIndex,
    lastSummary: turn.summary,
    session: turn.session,
    context,
    backlog: turn.window.oldest.map((message) => measure(deps, message)),
    fits,
    catalog,
    limits: settings.context,
    summarizerModelAlias: settings.summarizerModelAlias,
    estimateTokens,
  });
}

/** Decides who answers, by the snapshot in the claim, so that recovery makes the same plan as the holder before it. */
export function decidePlan({ claim, retried }: { claim: ClaimRow; retried: StoredTurn | null }): PlanResult {
  const { mode, roster, orchestration, pricing } = claim.snapshot;
  const managerModelAlias = pricing?.managerModelAlias ?? null;
  switch (claim.kind) {
    case "turn":
      return planTurn({
        mode,
        roster,
        orchestration,
        managerModelAlias,
        message: claim.request.message,
        modelAliasOverride: claim.request.modelAliasOverride,
      });
    case "retry":
      return planRetry({
        mode,
        roster,
        orchestration,
        managerModelAlias,
        failed: retried === null ? [] : failedAgentSteps(retried.messages),
        hasSynthesis: retried === null || hasCompletedSynthesis(retried.messages),
      });
  }
}

/** A resumed run asks for no title: a past holder may have asked. */
function isTitleDue({ settings }: Deps, { claim }: OpenedTurn): boolean {
  return settings.titlesByModel && mayAskForTitle(claim) && claim.pastHolders.length === 0;
}

function buildContext(deps: Deps, turn: OpenedTurn): TurnContext {
  const { claim, retried, summary, window, tokenScales, files } = turn;
  const { goal, roster } = claim.snapshot;
  return {
    goal,
    roster,
    summary: summary === null ? null : { id: summary.id, text: renderSummary(summary) },
    history: window.newest.map((message) => measure(deps, message)),
    userMessage: claim.request.message,
    files: { cards: files.cards, total: files.total, attachments: [] },
    storedAnswers: retried === null ? [] : listAnswers(retried),
    tokenScales,
    dueSummary: null,
    isTitleDue: false,
  };
}

/** A message is stored with its estimate. One of an earlier version has none, and is measured now. */
function measure(deps: Deps, { estimatedTokens, ...message }: StoredMessage): MeasuredMessage {
  const { excluded, content } = message;
  const rawTokens = excluded === null ? (estimatedTokens ?? deps.estimateTokens(content)) : 0;
  return { ...message, rawTokens };
}

/** The answers of agents in a stored turn, which its retry does not ask for again. */
function listAnswers({ messages }: StoredTurn): SameTurnAnswer[] {
  return currentReplies(messages).flatMap((reply) => {
    const { status, agentKey, agentName, content, deletedAt } = reply;
    const isAnswer = status === "completed" && deletedAt === null && !isSynthesis(reply);
    return isAnswer && agentKey !== null ? [{ agentKey, agentName: agentName ?? agentKey, content }] : [];
  });
}
