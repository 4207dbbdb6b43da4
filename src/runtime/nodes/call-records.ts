import type { CatalogModel } from "../../domain/catalog.ts";
import type { ModelCallRecord, OverheadCall } from "../../domain/turn/turn-outcome.ts";
import type { ModelAnswer } from "../model/model-port.ts";

/** The ledger's records of an agent's call: one per attempt that was billed or may have been. */
export function toCallRecords(
  call: { holder: string; step: string; agentKey: string; round: number },
  model: CatalogModel,
  { billed, attempts }: ModelAnswer,
): ModelCallRecord[] {
  const { alias: modelAlias, provider, providerModel, multiplierHundredths } = model;
  return billed.map((attempt) => ({
    ...call,
    ...attempt,
    modelAlias,
    provider,
    providerModel,
    multiplierHundredths,
    attempts,
  }));
}

/** The same for a call that is infrastructure. */
export function toOverheadCalls(
  call: Pick<OverheadCall, "purpose" | "holder" | "round">,
  { alias: modelAlias, providerModel }: CatalogModel,
  { billed }: ModelAnswer,
): OverheadCall[] {
  return billed.map(({ usage, ...attempt }) => ({
    ...call,
    modelAlias,
    providerModel,
    ...attempt,
    inputTokensFresh: usage.fresh,
    inputTokensCached: usage.cached,
    outputTokens: usage.output,
  }));
}
