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
  /** None: the model is not told of any. */
  tools: readonly OfferedTool[];
  toolChoice: "auto" | "none";
  maxOutputTokens: number;
  /** Of the agent; its limit of tokens is in `maxOutputTokens`. */
  settings: ModelSettings;
  /** Aborts the call at once; its reason is an AgentFailure where the caller knows why. */
  signal: AbortSignal;
  /** Told each piece of text as it arrives. Must not throw. */
  onText: (delta: string) => void;
};

/** A call without tools whose text nobody watches. */
export const plainCall = { tools: [], toolChoice: "none", settings: {}, onText: () => undefined } as const;

/** One HTTP request of a call that was billed or may have been. */
export type BilledAttempt = {
  /** From 1; refused attempts count too. */
  attempt: number;
  usage: TokenUsage;
  usageSource: "provider" | "estimated";
  /** Decimal of US dollars, null where the provider does not say. */
  providerCostUsd: string | null;
  /** `unknown`: nothing of an answer arrived; whether it was billed cannot be told. */
  status: "completed" | "failed" | "unknown";
  latencyMs: number;
  providerRequestId: string | null;
};

export type ModelAnswer = { billed: BilledAttempt[]; attempts: number } & (
  | {
      ok: true;
      text: string;
      toolCalls: readonly ToolCallRequest[];
      /** Where there are no calls: why the answer ended. */
      finishReason: FinishReason;
      /** The provider's own word for it, where that is a plain one. */
      providerReason: string | null;
      /** What the provider wants back with these calls, `calls` in the order of `toolCalls`; absent: nothing. */
      providerFields?: OwnedFields;
    }
  | {
      ok: false;
      failure: AgentFailure;
      /** What had arrived of an answer that is none; for the record alone. */
      text?: string;
      /** Absent: the provider did not refuse the prompt as too long. */
      tooLong?: TooLongPrompt;
    }
);

/** A prompt that the provider refused as too long, with its count of tokens; null: it named none. */
export type TooLongPrompt = { countedTokens: number | null };

/** Calls a model and tells how it went. Failure is data: it never throws. */
export type CallModel = (request: ModelRequest) => Promise<ModelAnswer>;
