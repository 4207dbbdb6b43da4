import * as z from "zod";
import type { AuditRow, LedgerRow } from "../../db/turn/stored-turn.ts";
import type { RecordedTurn } from "../../db/turn/turns.ts";
import type { FileAudit } from "../../domain/files/file-audit.ts";
import { stepIdOf } from "../../domain/plan/step.ts";
import { roundsEnds } from "../../domain/plan/taken-steps.ts";
import type { RoutingDecision } from "../../domain/routing/routing-decision.ts";
import { type OrchestrationRecord, synthesisResults } from "../../domain/turn/orchestration-record.ts";
import type { OverheadCall } from "../../domain/turn/turn-outcome.ts";
import { id, instant } from "../../http/schemas.ts";
import { message, stepId, toMessage } from "./message.ts";
import { toTurnRead, turnRead } from "./turn.ts";

const llmCall = z
  .object({
    id,
    run_id: id.meta({ description: "The run that made the call: the turn's first run or a retry" }),
    step: stepId,
    agent_key: z.string(),
    round: z.int().meta({ description: "Model calls of the step in this run, from 1" }),
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
    attempts: z.int().meta({ description: "Requests to the provider; 0: unknown, the row is an estimate" }),
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

const orchestration = z.object({
  max_rounds: z.int(),
  synthesis: z.string(),
  synthesis_result: z.enum(synthesisResults),
  decisions: z.array(routing).meta({ description: "What the manager decided, round by round" }),
  rounds_ended_by: z.enum([...roundsEnds, "unfinished"]).nullable(),
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

const files = z
  .object({
    listed: z.int().meta({ description: "Files with a card in the prompt" }),
    not_listed: z.int().meta({ description: "Files without one" }),
    attached: z.array(
      z.object({
        file_id: z
          .string()
          .meta({ description: "Where the room has no such file: the words of the message" }),
        pages: z.array(z.int()).meta({ description: "Pages that were in the prompt" }),
        left_out: z.string().nullable().meta({
          description: "Why the text was not in the prompt: `too_long`, or the code of the tool's error",
        }),
      }),
    ),
  })
  .meta({ id: "FileAudit" });

const audit = z
  .object({
    run_id: id,
    step: stepId,
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
    files: files.nullable().meta({
      description:
        "What the step's prompt had of the room's files; null: nothing, or its agent may not read them",
    }),
    routing: routing.nullable().meta({ description: "The manager's first decision" }),
    orchestration: orchestration.nullable().meta({
      description:
        "In the row of a run's first step; null elsewhere, and where it was stored before rounds were",
    }),
    overhead_calls: z.array(overheadCall),
    skipped_budget: z.boolean().meta({
      description: "The step was not asked, or not asked again, because the turn had no credits left for it",
    }),
    checkpoint_degraded: z.boolean().meta({
      description: "A checkpoint of the run was stored late, in part, or not at all; the turn went on",
    }),
  })
  .meta({ id: "ContextAudit" });

/** A turn with its messages, calls and audit. */
export const turnDetail = turnRead
  .extend({
    messages: z.array(message),
    llm_calls: z.array(llmCall).meta({ description: "By run, step and round" }),
    audit: z.array(audit),
    retrying: z.literal(true).optional().meta({ description: "A retry of it is running" }),
  })
  .meta({ id: "TurnDetail" });

export function toTurnDetail(stored: RecordedTurn): z.input<typeof turnDetail> {
  return {
    ...toTurnRead(stored),
    messages: stored.messages.filter(isShown).map(toMessage),
    llm_calls: orderCalls(stored).map(toLlmCall),
    audit: stored.audits.map(toAudit),
  };
}

function isShown({ visibility, deletedAt }: RecordedTurn["messages"][number]): boolean {
  return visibility === "shared" && deletedAt === null;
}

/** By run and step in the order of the audit rows; the calls of a step keep their order. */
function orderCalls({ ledger, audits }: RecordedTurn): LedgerRow[] {
  const keyOf = (row: { runId: string; step: string | null; agentKey: string }) =>
    `${row.runId}/${stepIdOf(row)}`;
  const ranks = new Map(audits.map((audit, index) => [keyOf(audit), index]));
  const rankOf = (call: LedgerRow) => ranks.get(keyOf(call)) ?? audits.length;
  return ledger.toSorted((left, right) => rankOf(left) - rankOf(right));
}

function toAudit(row: AuditRow): z.input<typeof audit> {
  return {
    run_id: row.runId,
    step: stepIdOf(row),
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
    files: row.files && toFiles(row.files),
    routing: row.routing && toRouting(row.routing),
    orchestration: row.orchestration && toOrchestration(row.orchestration),
    overhead_calls: row.overheadCalls.map(toOverheadCall),
    skipped_budget: row.skippedBudget,
    checkpoint_degraded: row.checkpointFailed,
  };
}

function toFiles({ listed, notListed, attached }: FileAudit): z.input<typeof files> {
  return {
    listed,
    not_listed: notListed,
    attached: attached.map(({ fileId, pages, leftOut }) => ({
      file_id: fileId,
      pages: [...pages],
      left_out: leftOut,
    })),
  };
}

function toRouting({ selectedKeys, rule, verdict, raw }: RoutingDecision): z.input<typeof routing> {
  return { selected_keys: selectedKeys, rule, verdict, raw };
}

function toOrchestration(record: OrchestrationRecord): z.input<typeof orchestration> {
  return {
    max_rounds: record.maxRounds,
    synthesis: record.synthesis,
    synthesis_result: record.synthesisResult,
    decisions: record.decisions.map(toRouting),
    rounds_ended_by: record.roundsEndedBy,
  };
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
    run_id: row.runId,
    step: stepIdOf(row),
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
