import * as z from "zod";
import type { LedgerRow } from "../../db/turn/stored-turn.ts";
import { stepIdOf } from "../../domain/plan/step.ts";
import type { OverheadCall } from "../../domain/turn/turn-outcome.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { createdAt, id } from "../../http/schemas.ts";
import { stepId } from "./message.ts";

/** Of a call of an agent, and of one that is no agent's. */
const modelOfCall = () => ({
  model_alias: z.string().describe("The model, as the catalog names it"),
  provider_model: z.string().describe("The model, as its provider names it"),
});

const tokensOfCall = () => ({
  input_tokens_fresh: z.int().describe("Input tokens that the provider did not have in a cache"),
  input_tokens_cached: z.int().describe("Input tokens that it had"),
  output_tokens: z.int().describe("Output tokens, with those of reasoning"),
});

const stateOfCall = () => ({
  usage_source: z
    .enum(["provider", "estimated"])
    .describe("`estimated`: the provider did not report the tokens"),
  provider_cost_usd: z
    .string()
    .nullable()
    .describe("What the provider says that it cost, a decimal of US dollars; null: it does not say"),
  latency_ms: z.int().describe("How long it took, ms"),
  status: z
    .enum(["completed", "failed", "unknown"])
    .describe("`unknown`: nothing of an answer arrived, so it is not known whether it was billed"),
  provider_request_id: z.string().nullable().describe("The provider's own id of it; null: it gave none"),
});

export const llmCall = lazily(() =>
  z
    .object({
      id,
      run_id: id.meta({ description: "The run that made the call: the turn's first run or a retry" }),
      step: stepId,
      agent_key: z.string().describe("Whose call it is"),
      round: z.int().meta({ description: "Model calls of the step in this run, from 1" }),
      provider: z.string().describe("Who was asked"),
      ...modelOfCall(),
      ...tokensOfCall(),
      total_tokens: z.int().describe("The sum of the three"),
      oe_tokens: z.string().describe("The tokens by their weight in output tokens, a decimal"),
      credits: z.string().describe("What it costs, an exact decimal of credits"),
      ...stateOfCall(),
      attempts: z.int().meta({ description: "Requests to the provider; 0: unknown, the row is an estimate" }),
      pricing_version: z.string().describe("The prices by which it was billed"),
      created_at: createdAt,
    })
    .meta({
      id: "LlmCall",
      description: "A row of the ledger: a model call that was or may have been billed",
    }),
);

export const overheadCall = lazily(() =>
  z
    .object({
      purpose: z
        .enum(["routing", "summary_text", "summary_structure", "session_title"])
        .describe("What it was made for"),
      ...modelOfCall(),
      attempt: z.int().describe("Which request to the provider it was, from 1"),
      ...tokensOfCall(),
      ...stateOfCall(),
    })
    .meta({ id: "OverheadCall", description: "A model call of the run itself, which is not billed" }),
);

export function toOverheadCall(call: OverheadCall): z.input<typeof overheadCall> {
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

export function toLlmCall(row: LedgerRow): z.input<typeof llmCall> {
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
