import * as z from "zod";
import type { LedgerRow, MessageRow, TurnRow } from "../../db/turn-record.ts";
import type { RunningTurn, StoredTurn, TurnFindings } from "../../db/turns.ts";
import { formatDecimal, parseDecimal } from "../../domain/pricing.ts";
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
    included_message_ids: z.array(id),
    unknown_tags: z.array(z.string()),
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
    replies: messages
      .filter(({ role, visibility }) => role === "assistant" && visibility === "shared")
      .map(toReply),
    usage: sumUsage(ledger),
    tool_calls: [],
  };
}

export function toTurnDetail(stored: NonNullable<TurnFindings["stored"]>): z.input<typeof turnDetail> {
  return {
    ...toTurnRead(stored),
    llm_calls: stored.ledger.map(toLlmCall),
    audit: stored.audits.map((row) => ({
      agent_key: row.agentKey,
      model_alias: row.modelAlias,
      model_alias_marker: row.modelAliasMarker,
      model_context_limit: row.modelContextLimit,
      input_budget: row.inputBudget,
      output_reserve: row.outputReserve,
      overhead_reserve: row.overheadReserve,
      estimated_tokens_before: row.estimatedTokensBefore,
      included_message_ids: [...row.includedMessageIds],
      unknown_tags: [...row.unknownTags],
    })),
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
