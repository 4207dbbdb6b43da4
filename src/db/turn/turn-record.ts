import type { RunPricing } from "../../domain/billing/run-pricing.ts";
import { modelAliasMarker, planAgent } from "../../domain/plan/turn-plan.ts";
import type { Claim } from "../../domain/turn/claim.ts";
import { currentReplies } from "../../domain/turn/current-replies.ts";
import { exclusionOf } from "../../domain/turn/exclusion.ts";
import { changeSession, type SessionState } from "../../domain/turn/session-state.ts";
import {
  type AgentReply,
  deriveTurnStatus,
  joinReplies,
  type PromptMeasure,
} from "../../domain/turn/turn-outcome.ts";
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
  const { sessionId, turnId, runId, holder, snapshot } = claim;
  const replies = input.outcome.replies.flatMap((reply) => [
    ...buildPrivateMessages(input, reply.agentKey),
    buildReplyMessage(input, reply),
  ]);
  const numbered = [...(retried === null ? [buildUserMessage(input)] : []), ...replies].map((row, index) => ({
    ...row,
    seq: input.lastSeq + 1 + index,
    estimatedTokens: input.estimateTokens(row.content),
    excluded: null,
  }));
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
    run: {
      id: runId,
      turnId,
      sessionId,
      kind: claim.kind,
      idempotencyKey: claim.idempotencyKey,
      requestHash: claim.requestHash,
      committedBy: holder,
      createdAt: input.finishedAt,
    },
    messages: newMessages,
    changesExclusion: retried?.messages.some((row) => row.excluded !== excluded) ?? false,
    audits: input.outcome.prompts.map((prompt, index) =>
      buildAudit(input, prompt, { isFirst: index === 0, marker: turn.modelAliasUsed }),
    ),
    ledger,
    estimatedIds: listAttemptIds(
      runId,
      input.outcome.calls.filter(({ attempts }) => attempts === 0),
    ),
    toolEvents,
    summary: buildSummary(input),
    pricing: snapshot.pricing,
    session:
      input.session &&
      changeSession(input.session, input.outcome, {
        turnIndex: claim.turnIndex,
        modelAliasOf: (agentKey) => planAgent(input.plan, agentKey).modelAlias,
      }),
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
    assistantOutput: joinReplies(
      currentReply.map((row) => ({ agentName: nameOf(row), content: row.content })),
    ),
    status: deriveTurnStatus(currentReply),
    modelAliasUsed: markerOf(input, currentReply.length),
    summaryTriggered: (before?.summaryTriggered ?? false) || outcome.summary !== null,
    summaryUsedFallback: (before?.summaryUsedFallback ?? false) || (outcome.summary?.usedFallback ?? false),
    pruneTriggered:
      (before?.pruneTriggered ?? false) || outcome.prompts.some((prompt) => prompt.pruneTriggered),
    overflowRejected: (before?.overflowRejected ?? false) || outcome.replies.some(isOverflow),
    createdAt: before?.createdAt ?? input.openedAt,
  };
}

function isOverflow(reply: AgentReply): boolean {
  return reply.status === "failed" && reply.failure.code === "context_budget_exceeded";
}

/** A retry of some agents keeps the turn's marker. A retry of all gets its own. */
function markerOf({ plan, outcome, retried }: TurnRecordInput, currentReplyCount: number): string {
  const aliases = outcome.replies.map(({ agentKey }) => planAgent(plan, agentKey).modelAlias);
  if (retried !== null && aliases.length < currentReplyCount) return retried.turn.modelAliasUsed;
  return modelAliasMarker(plan.mode, aliases);
}

/** Only a user's message has no agent. */
function nameOf({ agentName }: MessageRow): string {
  if (agentName === null) throw new Error("A reply has no agent.");
  return agentName;
}

/** In the order in which a reader finds them: by agent in the order of replies, then in the order of execution. */
function buildToolEvents({ claim, userId, outcome, finishedAt }: TurnRecordInput): ToolEventRow[] {
  const { sessionId, turnId, runId, snapshot } = claim;
  const rankByAgent = new Map(outcome.replies.map(({ agentKey }, index) => [agentKey, index]));
  const rankOf = ({ agentKey }: { agentKey: string }) => rankByAgent.get(agentKey) ?? rankByAgent.size;
  return outcome.toolEvents
    .toSorted(
      (left, right) =>
        rankOf(left) - rankOf(right) || left.round - right.round || (left.id < right.id ? -1 : 1),
    )
    .map((event) => ({
      ...event,
      userId,
      roomId: snapshot.roomId,
      sessionId,
      turnId,
      runId,
      creditsCharged: "0",
      createdAt: finishedAt,
    }));
}

/** One row for each agent. The run's own work (routing, summary) is in the first row only. */
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
    agentKey: prompt.agentKey,
    modelAlias: planAgent(plan, prompt.agentKey).modelAlias,
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
    checkpointFailed: outcome.checkpointFailed ?? false,
    routing: isFirst ? outcome.routing : null,
    overheadCalls: isFirst ? outcome.overhead : [],
    createdAt: input.finishedAt,
  };
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
