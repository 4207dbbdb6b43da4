import { v5 as uuidv5 } from "uuid";
import { formatFailureContent } from "../domain/agent-failure.ts";
import type { Catalog } from "../domain/catalog.ts";
import { defaultContextWindowTokens } from "../domain/catalog.ts";
import { planContextBudget } from "../domain/context-budget.ts";
import { formatDecimal, priceCall } from "../domain/pricing.ts";
import {
  type AgentReply,
  joinReplies,
  judgeTurnStatus,
  type ModelCallRecord,
  type TurnOutcome,
} from "../domain/turn-outcome.ts";
import { modelAliasMarker, type RosterAgent, type TurnPlan } from "../domain/turn-plan.ts";
import type { OpenedClaim } from "./open-turn.ts";
import type { llmCallEvents, messages, turnContextAudit, turnRuns, turns } from "./schema.ts";

export type TurnRow = typeof turns.$inferSelect;
export type MessageRow = typeof messages.$inferSelect;
export type LedgerRow = typeof llmCallEvents.$inferSelect;
export type AuditRow = typeof turnContextAudit.$inferSelect;
type RunRow = typeof turnRuns.$inferSelect;

/** Every row a turn leaves behind, whole: ids, times and amounts are settled before the batch is built. */
export type TurnRecord = {
  claim: { sessionId: string; runId: string; holder: string };
  turn: TurnRow;
  run: RunRow;
  messages: MessageRow[];
  audits: AuditRow[];
  ledger: LedgerRow[];
  /** The room whose pending mode this turn consumes; null: none. */
  consumedMode: { roomId: string; mode: TurnRow["mode"] } | null;
};

export type TurnRecordInput = {
  claim: OpenedClaim;
  userId: string;
  plan: TurnPlan;
  outcome: TurnOutcome;
  catalog: Catalog;
  maxOutputTokens: number;
  openedAt: Date;
  finishedAt: Date;
  newId: () => string;
};

/** Turns the outcome of a run into the rows of its turn. Pure: clock and ids are given. */
export function buildTurnRecord(input: TurnRecordInput): TurnRecord {
  const { claim, plan, outcome } = input;
  const { sessionId, turnId, runId, holder, snapshot } = claim;
  const replies = plan.agents.flatMap((agent) => {
    const reply = outcome.replies.find(({ agentKey }) => agentKey === agent.agentKey);
    return reply === undefined ? [] : [buildReplyMessage(input, agent, reply)];
  });
  const rows = [buildUserMessage(input), ...replies];
  return {
    claim: { sessionId, runId, holder },
    turn: {
      id: turnId,
      sessionId,
      turnIndex: claim.turnIndex,
      mode: plan.mode,
      userInput: claim.request.message,
      assistantOutput: joinReplies(replies.map((reply) => ({ ...reply, agentName: reply.agentName ?? "" }))),
      status: judgeTurnStatus(outcome.replies),
      modelAliasUsed: modelAliasMarker(plan.mode, plan.agents),
      summaryTriggered: false,
      summaryUsedFallback: false,
      pruneTriggered: false,
      overflowRejected: false,
      createdAt: input.openedAt,
    },
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
    messages: rows.map((row, index) => ({ ...row, seq: claim.lastSeq + 1 + index })),
    audits: plan.agents.map((agent) => buildAudit(input, agent)),
    ledger: buildLedger(input),
    consumedMode: snapshot.consumesPendingMode ? { roomId: snapshot.roomId, mode: snapshot.mode } : null,
  };
}

type UnnumberedMessage = Omit<MessageRow, "seq">;

function buildUserMessage({ claim, openedAt, newId }: TurnRecordInput): UnnumberedMessage {
  return {
    ...messageDefaults(claim),
    id: newId(),
    role: "user",
    agentKey: null,
    agentName: null,
    status: "completed",
    error: null,
    content: claim.request.message,
    createdAt: openedAt,
  };
}

function buildReplyMessage(input: TurnRecordInput, agent: RosterAgent, reply: AgentReply): UnnumberedMessage {
  const failure = reply.status === "failed" ? reply.failure : null;
  return {
    ...messageDefaults(input.claim),
    id: reply.messageId,
    role: "assistant",
    agentKey: agent.agentKey,
    agentName: agent.name,
    status: reply.status,
    error: failure,
    content: reply.status === "failed" ? formatFailureContent(agent.name, reply.failure) : reply.content,
    createdAt: input.finishedAt,
  };
}

function messageDefaults({ sessionId, turnId, runId }: OpenedClaim) {
  return { sessionId, turnId, runId, visibility: "shared", supersedesId: null } as const;
}

function buildAudit(
  { claim, plan, outcome, catalog, ...input }: TurnRecordInput,
  agent: RosterAgent,
): AuditRow {
  const window = catalog.models.get(agent.modelAlias)?.contextWindowTokens ?? defaultContextWindowTokens;
  const prompt = outcome.prompts.find(({ agentKey }) => agentKey === agent.agentKey);
  return {
    id: input.newId(),
    turnId: claim.turnId,
    runId: claim.runId,
    agentKey: agent.agentKey,
    modelAlias: agent.modelAlias,
    modelAliasMarker: modelAliasMarker(plan.mode, plan.agents),
    ...planContextBudget(window, input.maxOutputTokens),
    estimatedTokensBefore: prompt?.estimatedTokens ?? 0,
    includedMessageIds: prompt?.includedMessageIds ?? [],
    unknownTags: plan.unknownTags,
    createdAt: input.finishedAt,
  };
}

/** The ledger rows of a run's calls; also what a holder that lost its claim still reports. */
export function buildLedger(input: TurnRecordInput): LedgerRow[] {
  return input.outcome.calls.map((call) => buildLedgerRow(input, call));
}

/** Namespace of ledger ids, so that the same attempt gets the same id whoever writes its row. */
const ledgerNamespace = "6f0d8f0e-3b0a-5c5e-9f39-5c1b6f6a7d11";

function buildLedgerRow(
  { claim, userId, catalog, finishedAt }: TurnRecordInput,
  call: ModelCallRecord,
): LedgerRow {
  const { fresh, cached, output } = call.usage;
  // What may not have been billed is on the books, but costs the user nothing.
  const billable = call.status === "unknown" ? { fresh: 0, cached: 0, output: 0 } : call.usage;
  const price = priceCall(billable, call.multiplierHundredths);
  return {
    id: uuidv5(
      [claim.runId, claim.holder, call.agentKey, call.round, call.attempt].join("/"),
      ledgerNamespace,
    ),
    userId,
    roomId: claim.snapshot.roomId,
    sessionId: claim.sessionId,
    turnId: claim.turnId,
    runId: claim.runId,
    agentKey: call.agentKey,
    round: call.round,
    provider: call.provider,
    modelAlias: call.modelAlias,
    providerModel: call.providerModel,
    inputTokensFresh: fresh,
    inputTokensCached: cached,
    outputTokens: output,
    totalTokens: fresh + cached + output,
    oeTokens: formatDecimal(price.oeHundredths * 100n, 4),
    credits: formatDecimal(price.creditsE8, 8),
    providerCostUsd: call.providerCostUsd,
    usageSource: call.usageSource,
    latencyMs: call.latencyMs,
    attempts: call.attempts,
    status: call.status,
    pricingVersion: catalog.pricingVersion,
    providerRequestId: call.providerRequestId,
    createdAt: finishedAt,
  };
}
