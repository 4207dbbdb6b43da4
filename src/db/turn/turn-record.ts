import { isEstimate } from "../../domain/billing/in-flight-estimates.ts";
import type { RunPricing } from "../../domain/billing/run-pricing.ts";
import { auditFiles } from "../../domain/files/file-audit.ts";
import { defaultOrchestration } from "../../domain/plan/orchestration.ts";
import { agentOfStep, modelAliasMarker, modelAliasOf } from "../../domain/plan/turn-plan.ts";
import type { Claim } from "../../domain/turn/claim.ts";
import {
  currentReplies,
  hasCompletedSynthesis,
  joinCurrentReplies,
} from "../../domain/turn/current-replies.ts";
import { exclusionOf } from "../../domain/turn/exclusion.ts";
import { type OrchestrationRecord, recordOrchestration } from "../../domain/turn/orchestration-record.ts";
import { changeSession, type SessionState } from "../../domain/turn/session-state.ts";
import { isFirstOfSession, titleOf } from "../../domain/turn/session-title.ts";
import { type AgentReply, deriveTurnStatus, type PromptMeasure } from "../../domain/turn/turn-outcome.ts";
import type { turnRuns } from "../schema.ts";
import { buildLedger, listAttemptIds } from "./ledger-record.ts";
import { buildPrivateMessages, buildReplyMessage, buildUserMessage } from "./message-rows.ts";
import type {
  AuditRow,
  LedgerRow,
  MessageRow,
  StoredTurn,
  SummaryRow,
  ToolEventRow,
  TurnRow,
} from "./stored-turn.ts";
import type { TurnRecordInput } from "./turn-record-input.ts";

type RunRow = typeof turnRuns.$inferSelect;

/** Every row of a run, complete: ids, times and amounts are set before the batch is built. */
export type TurnRecord = {
  claim: Claim;
  /** The turn after this run. A retry changes the stored row. */
  turn: TurnRow;
  run: RunRow;
  messages: MessageRow[];
  /** Whether a retry leaves earlier messages of its turn out of later prompts, or takes them in again. */
  changesExclusion: boolean;
  audits: AuditRow[];
  ledger: LedgerRow[];
  /** For each call that is only estimated, the ids that its rows may have. */
  estimatedIds: string[][];
  toolEvents: ToolEventRow[];
  summary: SummaryRow | null;
  /** The prices of the run; undefined: its claim is of an earlier version. */
  pricing: RunPricing | undefined;
  /** The session's new state; null: it does not change. */
  session: SessionState | null;
  /** The session's title, if it has none; null: none was made. */
  title: string | null;
  /** The room whose pending mode this turn consumes; null: none. */
  consumedMode: { roomId: string; mode: TurnRow["mode"] } | null;
  /** Whether other holders executed the run before. They may have reported their calls. */
  hasPastHolders: boolean;
  /** The whole turn, as a reader will find it. */
  stored: StoredTurn;
};

/** Turns the outcome of a run into its rows. Pure: clock and ids are given. */
export function buildTurnRecord(input: TurnRecordInput): TurnRecord {
  const { claim, retried } = input;
  const { sessionId, runId, holder, snapshot } = claim;
  const numbered = buildMessages(input);
  const ledger = buildLedger(input, input.outcome.calls);
  const toolEvents = buildToolEvents(input);
  const excluded = exclusionOf(currentReplies([...(retried?.messages ?? []), ...numbered]));
  const withExclusion = (row: MessageRow): MessageRow => ({ ...row, excluded });
  const newMessages = numbered.map(withExclusion);
  const allMessages = [...(retried?.messages ?? []).map(withExclusion), ...newMessages];
  const turn = buildTurn(input, allMessages);
  return {
    claim: { sessionId, runId, holder },
    turn,
    run: buildRun(input),
    messages: newMessages,
    changesExclusion: retried?.messages.some((row) => row.excluded !== excluded) ?? false,
    audits: input.outcome.prompts.map((prompt, index) =>
      buildAudit(input, prompt, { isFirst: index === 0, marker: turn.modelAliasUsed }),
    ),
    ledger,
    estimatedIds: listAttemptIds(runId, input.outcome.calls.filter(isEstimate)),
    toolEvents,
    summary: buildSummary(input),
    pricing: snapshot.pricing,
    session:
      input.session &&
      changeSession(input.session, input.outcome, {
        turnIndex: claim.turnIndex,
        modelAliasOf: (agentKey) => modelAliasOf(input.plan, agentKey),
      }),
    title: isFirstOfSession(claim) ? (input.outcome.title ?? titleOf(turn.userInput)) : null,
    consumedMode: snapshot.consumesPendingMode ? { roomId: snapshot.roomId, mode: snapshot.mode } : null,
    hasPastHolders: claim.pastHolders.length > 0,
    stored: {
      turn,
      messages: allMessages,
      ledger: [...(retried?.ledger ?? []), ...ledger],
      toolEvents: [...(retried?.toolEvents ?? []), ...toolEvents],
    },
  };
}

function buildRun({ claim, finishedAt }: TurnRecordInput): TurnRecord["run"] {
  return {
    id: claim.runId,
    turnId: claim.turnId,
    sessionId: claim.sessionId,
    kind: claim.kind,
    idempotencyKey: claim.idempotencyKey,
    requestHash: claim.requestHash,
    committedBy: claim.holder,
    grantedCredits: claim.grantedCredits,
    createdAt: finishedAt,
  };
}

/** The new messages, numbered after the session's last one: of a new turn the user's message, then each step's. */
function buildMessages(input: TurnRecordInput): MessageRow[] {
  const replies = input.outcome.replies.flatMap((reply) => [
    ...buildPrivateMessages(input, reply.step),
    buildReplyMessage(input, reply),
  ]);
  return [...(input.retried === null ? [buildUserMessage(input)] : []), ...replies].map((row, index) => ({
    ...row,
    seq: input.lastSeq + 1 + index,
    estimatedTokens: input.estimateTokens(row.content),
    excluded: null,
  }));
}

/** Status, text and marker follow from the turn's current replies, of this run and of earlier ones. */
function buildTurn(input: TurnRecordInput, rows: readonly MessageRow[]): TurnRow {
  const { claim, plan, outcome, retried } = input;
  const currentReply = currentReplies(rows);
  const before = retried?.turn;
  return {
    id: claim.turnId,
    sessionId: claim.sessionId,
    turnIndex: claim.turnIndex,
    mode: plan.mode,
    userInput: claim.request.message,
    assistantOutput: joinCurrentReplies(rows),
    status: deriveTurnStatus(currentReply),
    modelAliasUsed: markerOf(input, currentReply),
    summaryTriggered: (before?.summaryTriggered ?? false) || outcome.summary !== null,
    summaryUsedFallback: (before?.summaryUsedFallback ?? false) || (outcome.summary?.usedFallback ?? false),
    pruneTriggered:
      (before?.pruneTriggered ?? false) || outcome.prompts.some((prompt) => prompt.pruneTriggered),
    overflowRejected: (before?.overflowRejected ?? false) || outcome.replies.some(isOverflow),
    synthesis: before === undefined ? (plan.synthesizer?.agentKey ?? null) : before.synthesis,
    createdAt: before?.createdAt ?? claim.openedAt,
  };
}

function isSkipped(reply: AgentReply): boolean {
  return reply.status === "failed" && reply.failure.code === "budget_exhausted";
}

function isOverflow(reply: AgentReply): boolean {
  return reply.status === "failed" && reply.failure.code === "context_budget_exceeded";
}

/** Of a turn of one agent it is the alias that ran now; a settled retry may have run none. */
function markerOf({ plan, outcome, retried }: TurnRecordInput, replies: readonly MessageRow[]): string {
  const agents = outcome.replies.map((reply) => agentOfStep(plan, reply));
  const isOneAgent = new Set(replies.map(({ agentKey }) => agentKey)).size === 1;
  if (retried !== null && (!isOneAgent || agents.length === 0)) return retried.turn.modelAliasUsed;
  return modelAliasMarker(plan.mode, agents);
}

/** In the order in which a reader finds them: by step in the order of replies, then in the order of execution. */
function buildToolEvents({ claim, userId, outcome, finishedAt }: TurnRecordInput): ToolEventRow[] {
  const { sessionId, turnId, runId, snapshot } = claim;
  const rankByStep = new Map(outcome.replies.map(({ step }, index) => [step, index]));
  const rankOf = ({ step }: { step: string }) => rankByStep.get(step) ?? rankByStep.size;
  return outcome.toolEvents
    .toSorted(
      (left, right) =>
        rankOf(left) - rankOf(right) ||
        left.round - right.round ||
        (left.place ?? 0) - (right.place ?? 0) ||
        (left.id < right.id ? -1 : 1),
    )
    .map((event) => ({
      ...event,
      place: event.place ?? null,
      userId,
      roomId: snapshot.roomId,
      sessionId,
      turnId,
      runId,
      creditsCharged: event.creditsCharged ?? "0",
      openedAt: claim.openedAt,
      createdAt: finishedAt,
    }));
}

/** One row for each step. The run's own work (routing, summary) is in the first row only. */
function buildAudit(
  input: TurnRecordInput,
  prompt: PromptMeasure,
  { isFirst, marker }: { isFirst: boolean; marker: string },
): AuditRow {
  const { claim, plan, outcome } = input;
  return {
    id: input.newId(),
    sessionId: claim.sessionId,
    turnId: claim.turnId,
    runId: claim.runId,
    step: prompt.step,
    agentKey: prompt.agentKey,
    modelAlias: agentOfStep(plan, prompt).modelAlias,
    modelAliasMarker: marker,
    ...prompt.budget,
    estimatedTokensBefore: prompt.estimatedTokensBefore,
    estimatedTokensAfterSummary: prompt.estimatedTokensAfterSummary,
    estimatedTokensAfterPrune: prompt.estimatedTokensAfterPrune,
    tokenScale: prompt.tokenScale.toFixed(4),
    countedInputTokens: prompt.countedInputTokens,
    summaryId: prompt.summaryId,
    included: prompt.included,
    dropped: [...input.notRead, ...prompt.dropped],
    unknownTags: plan.unknownTags,
    files: auditFiles(prompt, outcome.toolEvents),
    checkpointFailed: outcome.checkpointFailed ?? false,
    skippedBudget: outcome.replies.some((reply) => reply.step === prompt.step && isSkipped(reply)),
    routing: isFirst ? (outcome.decisions[0] ?? null) : null,
    orchestration: isFirst ? describeOrchestration(input) : null,
    overheadCalls: isFirst ? outcome.overhead : [],
    createdAt: input.finishedAt,
  };
}

function describeOrchestration({ claim, plan, outcome, retried }: TurnRecordInput): OrchestrationRecord {
  return recordOrchestration({
    orchestration: claim.snapshot.orchestration ?? defaultOrchestration,
    plan,
    outcome,
    keepsSynthesis: retried !== null && hasCompletedSynthesis(retried.messages),
  });
}

function buildSummary({ claim, outcome, newId, finishedAt }: TurnRecordInput): SummaryRow | null {
  if (outcome.summary === null) return null;
  return {
    id: newId(),
    sessionId: claim.sessionId,
    turnId: claim.turnId,
    madeInTurnIndex: claim.turnIndex,
    ...outcome.summary,
    createdAt: finishedAt,
  };
}
