import type { ProviderFieldName } from "../../domain/context/provider-fields.ts";
import type { MaxTokensField } from "../../domain/model-dialect.ts";

/** Parameters that a request is repeated without where a provider does not take them. */
export const droppableParameters = ["temperature", "top_p", "reasoning_effort", "stream_options"] as const;
export type DroppableParameter = (typeof droppableParameters)[number];

/** How requests to a model must differ from its catalog entry, learnt from its provider's refusals. */
export type RequestAdjustments = {
  /** Null: as the catalog has it. */
  maxTokensField: MaxTokensField | null;
  dropped: readonly DroppableParameter[];
  /** Fields of its own answers that the provider does not take back. */
  unsentFields: readonly ProviderFieldName[];
};

export const noAdjustments: RequestAdjustments = { maxTokensField: null, dropped: [], unsentFields: [] };

/** The adjustments of each model, kept for the life of the isolate. */
export type AdjustmentMemory = {
  read(baseUrl: string, providerModel: string): RequestAdjustments;
  store(baseUrl: string, providerModel: string, adjustments: RequestAdjustments): void;
};

/** Holds at most one entry for each model of the catalog. */
export function createAdjustmentMemory(): AdjustmentMemory {
  const entries = new Map<string, RequestAdjustments>();
  const toKey = (baseUrl: string, providerModel: string) => JSON.stringify([baseUrl, providerModel]);
  return {
    read: (baseUrl, providerModel) => entries.get(toKey(baseUrl, providerModel)) ?? noAdjustments,
    store: (baseUrl, providerModel, adjustments) => {
      entries.set(toKey(baseUrl, providerModel), adjustments);
    },
  };
}
