import * as z from "zod";
import type { LedgerRow } from "../../db/ledger-record.ts";
import type { AuditRow, MessageRow, TurnRow } from "../../db/turn-record.ts";
import type { RunningTurn, StoredTurn, TurnFindings } from "../../db/turns.ts";
import { currentReplies } from "../../domain/current-replies.ts";
import { formatDecimal, parseDecimal } from "../../domain/pricing.ts";
import type { RoutingDecision } from "../../domain/routing-decision.ts";
import type { OverheadCall } from "../../domain/turn-outcome.ts";
import { id, instant, text } from "../../http/schemas.ts";
import { roomMode } from "./room.ts";

const failure = z.object({ code: z.string(), message: z.string() });

const reply = z
  .object({
    message_id: id,
    agent_key: z.string(),
    agent_name: z.string(),
    status: z.enum(["completed", "failed"]),
    content: z.string(),
    error: failure.nullable(),
  })
  .meta({ id: "Reply" });

const usage = z
  .object({
    calls: z.int(),
    input_tokens_fresh: z.int(),
    input_tokens_cached: z.int(),
    output_tokens: z.int(),
    total_tokens: z.int(),
    credits: z.string().meta({ description: "Exact decimal of credits; one credit sells at US$0.03" }),
  })
  .meta({ id: "Usage" });

const toolCall = z.object({ id, agent_key: z.string(), tool_name: z.string(), status: z.string() });

export const turnRead = z
  .object({
    id,
    session_id: id,
    turn_index: z.int().min(1),
    mode: roomMode,
    user_input: z.string(),
    assistant_output: z.string(),
    status: z.enum(["completed", "partial", "failed"]),
    model_alias_used: z.string(),
    summary_triggered: z.boolean(),
    summary_used_fallback: z.boolean(),
    prune_triggered: z.boolean(),
    overflow_rejected: z.boolean(),
    created_at: instant,
    replies: z.array(reply),
    usage,
    tool_calls: z.array(toolCall),
  })
  .meta({ id: "Turn" });

const llmCall = z
  .object({
    id,
    agent_key: z.string(),
    round: z.int(),
    provider: z.string(),
    model_alias: z.string(),
    provider_model: z.string(),
    input_tokens_fresh: z.int(),
    input_tokens_cached: z.int(),
    output_tokens: z.int(),
    total_tokens: z.int(),
    oe_tokens: z.string(),
    credits: z.string(),
    provider_cost_usd: z.string().nullable(),
    usage_source: z.enum(["provider", "estimated"]),
    latency_ms: z.int(),
    attempts: z.int(),
    status: z.enum(["completed", "failed", "unknown"]),
    pricing_version: z.string(),
    provider_request_id: z.string().nullable(),
    created_at: instant,
  })
  .meta({ id: "LlmCall" });

const routing = z.object({
  selected_keys: z.array(z.string()),
  rule: z.string(),
  verdict: z.string(),
  raw: z.string().nullable(),
});

const overheadCall = z.object({
  purpose: z.enum(["routing", "summary_text", "summary_structure"]),
  model_alias: z.string(),
  provider_model: z.string(),
  attempt: z.int(),
  input_tokens_fresh: z.int(),
  input_tokens_cached: z.int(),
  output_tokens: z.int(),
  usage_source: z.enum(["provider", "estimated"]),
  provider_cost_usd: z.string().nullable(),
  status: z.enum(["completed", "failed", "unknown"]),
  latency_ms: z.int(),
  provider_request_id: z.string().nullable(),
});

const audit = z
  .object({
    agent_key: z.string(),
    model_alias: z.string(),
    model_alias_marker: z.string(),
    model_context_limit: z.int(),
    input_budget: z.int(),
    output_reserve: z.int(),
    overhead_reserve: z.int(),
    estimated_tokens_before: z.int(),
    estimated_tokens_after_summary: z.int(),
    estimated_tokens_after_prune: z.int(),
    token_scale: z.string(),
    counted_input_tokens: z.int().nullable(),
    summary_id: id.nullable(),
    included: z.array(z.tuple([z.int(), z.int()])).meta({ description: "Ranges of `seq`, each [from, to]" }),
    dropped: z.array(z.object({ from: z.int(), to: z.int(), reason: z.string() })),
    unknown_tags: z.array(z.string()),
    routing: routing.nullable(),
    overhead_calls: z.array(overheadCall),
  })
  .meta({ id: "ContextAudit" });

/** A turn with everything on record about it. */
export const turnDetail = turnRead
  .extend({ llm_calls: z.array(llmCall), audit: z.array(audit) })
  .meta({ id: "TurnDetail" });

export const runningTurn = z
  .object({ id, session_id: id, turn_index: z.int().min(1), status: z.literal("running") })
  .meta({ id: "RunningTurn" });

export const newTurn = z
  .strictObject({ message: text(32_000), model_alias_override: text(64).optional() })
  .meta({ id: "NewTurn" });

export const turnParams = z.object({ session_id: id, turn_id: id });

/** A stored turn in its wire form; the same whether it was just committed or read again. */
export function toTurnRead({ turn, messages, ledger }: StoredTurn): z.input<typeof turnRead> {
  return {
    id: turn.id,
    session_id: turn.sessionId,
    turn_index: turn.turnIndex,
    mode: turn.mode,
    user_input: turn.userInput,
    assistant_output: turn.assistantOutput,
    status: turn.status,
    model_alias_used: turn.modelAliasUsed,
    ...toFlags(turn),
    created_at: turn.createdAt.toISOString(),
    replies: currentReplies(messages).map(toReply),
    usage: sumUsage(ledger),
    tool_calls: [],
  };
}

export function toTurnDetail(stored: NonNullable<TurnFindings["stored"]>): z.input<typeof turnDetail> {
  return {
    ...toTurnRead(stored),
    llm_calls: stored.ledger.map(toLlmCall),
    audit: stored.audits.map(toAudit),
  };
}

export function toRunningTurn(running: RunningTurn): z.input<typeof runningTurn> {
  return { id: running.id, session_id: running.sessionId, turn_index: running.turnIndex, status: "running" };
}

function toFlags(turn: TurnRow) {
  return {
    summary_triggered: turn.summaryTriggered,
    summary_used_fallback: turn.summaryUsedFallback,
    prune_triggered: turn.pruneTriggered,
    overflow_rejected: turn.overflowRejected,
  };
}

function toReply(message: MessageRow): z.input<typeof reply> {
  return {
    message_id: message.id,
    agent_key: message.agentKey ?? "",
    agent_name: message.agentName ?? "",
    status: message.status,
    content: message.content,
    error: message.error,
  };
}

function sumUsage(ledger: readonly LedgerRow[]): z.input<typeof usage> {
  const sum = (count: (row: LedgerRow) => number) => ledger.reduce((total, row) => total + count(row), 0);
  const creditsE8 = ledger.reduce((total, { credits }) => total + parseDecimal(credits, 8), 0n);
  return {
    calls: ledger.length,
    input_tokens_fresh: sum((row) => row.inputTokensFresh),
    input_tokens_cached: sum((row) => row.inputTokensCached),
    output_tokens: sum((row) => row.outputTokens),
    total_tokens: sum((row) => row.totalTokens),
    credits: formatDecimal(creditsE8, 8),
  };
}

function toAudit(row: AuditRow): z.input<typeof audit> {
  return {
    agent_key: row.agentKey,
    model_alias: row.modelAlias,
    model_alias_marker: row.modelAliasMarker,
    model_context_limit: row.modelContextLimit,
    input_budget: row.inputBudget,
    output_reserve: row.outputReserve,
    overhead_reserve: row.overheadReserve,
    estimated_tokens_before: row.estimatedTokensBefore,
    estimated_tokens_after_summary: row.estimatedTokensAfterSummary,
    estimated_tokens_after_prune: row.estimatedTokensAfterPrune,
    token_scale: row.tokenScale,
    counted_input_tokens: row.countedInputTokens,
    summary_id: row.summaryId,
    included: row.included.map(([from, to]): [number, number] => [from, to]),
    dropped: [...row.dropped],
    unknown_tags: [...row.unknownTags],
    routing: row.routing && toRouting(row.routing),
    overhead_calls: row.overheadCalls.map(toOverheadCall),
  };
}

function toRouting({ selectedKeys, rule, verdict, raw }: RoutingDecision): z.input<typeof routing> {
  return { selected_keys: selectedKeys, rule, verdict, raw };
}

function toOverheadCall(call: OverheadCall): z.input<typeof overheadCall> {
  return {
    purpose: call.purpose,
    model_alias: call.modelAlias,
    provider_model: call.providerModel,
    attempt: call.attempt,
    input_tokens_fresh: call.inputTokensFresh,
    input_tokens_cached: call.inputTokensCached,
    output_tokens: call.outputTokens,
    usage_source: call.usageSource,
    provider_cost_usd: call.providerCostUsd,
    status: call.status,
    latency_ms: call.latencyMs,
    provider_request_id: call.providerRequestId,
  };
}

function toLlmCall(row: LedgerRow): z.input<typeof llmCall> {
  return {
    id: row.id,
    agent_key: row.agentKey,
    round: row.round,
    provider: row.provider,
    model_alias: row.modelAlias,
    provider_model: row.providerModel,
    input_tokens_fresh: row.inputTokensFresh,
    input_tokens_cached: row.inputTokensCached,
    output_tokens: row.outputTokens,
    total_tokens: row.totalTokens,
    oe_tokens: row.oeTokens,
    credits: row.credits,
    provider_cost_usd: row.providerCostUsd,
    usage_source: row.usageSource,
    latency_ms: row.latencyMs,
    attempts: row.attempts,
    status: row.status,
    pricing_version: row.pricingVersion,
    provider_request_id: row.providerRequestId,
    created_at: row.createdAt.toISOString(),
  };
}
