import { aggregateTokenUsage, type TokenUsage } from "@ag-ui/core";

/** The tokens of one call as the ledger has them. */
export type CallTokens = {
  provider: string;
  providerModel: string;
  inputTokensFresh: number;
  inputTokensCached: number;
  outputTokens: number;
  totalTokens: number;
};

/** Tokens by provider and model. In AG-UI the input tokens include the cached ones. */
export function toTokenUsage(calls: readonly CallTokens[]): TokenUsage[] {
  return aggregateTokenUsage(
    calls.map((call) => ({
      provider: call.provider,
      model: call.providerModel,
      inputTokens: call.inputTokensFresh + call.inputTokensCached,
      cachedInputTokens: call.inputTokensCached,
      outputTokens: call.outputTokens,
      totalTokens: call.totalTokens,
    })),
  );
}
