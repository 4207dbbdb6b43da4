import type { TokenUsage } from "../../domain/billing/pricing.ts";
import type { CatalogModel } from "../../domain/catalog.ts";
import type { PromptMessage, ToolCallRequest } from "../../domain/context/prompt.ts";
import type { OwnedFields } from "../../domain/context/provider-fields.ts";
import type { ModelSettings } from "../../domain/model-settings.ts";
import type { OfferedTool } from "../../domain/tool.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import type { FinishReason } from "../../domain/turn/finish-reason.ts";

export type ModelRequest = {
  model: CatalogModel;
  messages: readonly PromptMessage[];
  /** Empty: the model is offered none. */
  tools: readonly OfferedTool[];
  toolChoice: "auto" | "none";
  maxOutputTokens: number;
  /** Estimated tokens of the prompt of a call that an agent pays for. Absent: the call is not billed. */
  billedInputTokens?: number;
  /** The agent's settings. Its limit of tokens is in `maxOutputTokens`. */
  settings: ModelSettings;
  /** Aborts the call at once; its reason is an AgentFailure where the caller knows why. */
  signal: AbortSignal;
  /** Receives each piece of text as it arrives. Must not throw. */
  onText: (delta: string) => void;
};

/** A call without tools and without streaming to a client. */
export const plainCall = { tools: [], toolChoice: "none", settings: {}, onText: () => undefined } as const;

/** One HTTP request of a call that was billed or may have been. */
export type BilledAttempt = {
  /** From 1; refused attempts count too. */
  attempt: number;
  usage: TokenUsage;
  usageSource: "provider" | "estimated";
  /** Decimal of US dollars. Null: the provider reports none. */
  providerCostUsd: string | null;
  /** `unknown`: nothing of an answer arrived. Whether the provider billed it is not known. */
  status: "completed" | "failed" | "unknown";
  latencyMs: number;
  providerRequestId: string | null;
};

export type ModelAnswer = { billed: BilledAttempt[]; attempts: number } & (
  | {
      ok: true;
      text: string;
      toolCalls: readonly ToolCallRequest[];
      /** Why an answer without tool calls ended. */
      finishReason: FinishReason;
      /** The provider's own text of `finishReason`, if it is printable ASCII. */
      providerReason: string | null;
      /** Fields that are sent back with these calls, `calls` in the order of `toolCalls`. Absent: none. */
      providerFields?: OwnedFields;
    }
  | {
      ok: false;
      failure: AgentFailure;
      /** What arrived of the failed answer, only for the record. */
      text?: string;
      /** Absent: the provider did not refuse the prompt as too long. */
      tooLong?: TooLongPrompt;
    }
);

/** A prompt that the provider refused as too long. `countedTokens`: its count. Null: it named none. */
export type TooLongPrompt = { countedTokens: number | null };

/** Calls a model. Failure is data: it never throws. */
export type CallModel = (request: ModelRequest) => Promise<ModelAnswer>;
