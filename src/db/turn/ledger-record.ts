import { v5 as uuidv5 } from "uuid";
import { formatDecimal, priceCall } from "../../domain/billing/pricing.ts";
import { resolvePrice } from "../../domain/billing/run-pricing.ts";
import type { Catalog } from "../../domain/catalog.ts";
import { maxAttempts } from "../../domain/model-dialect.ts";
import { agentStepId, synthesisStepId } from "../../domain/plan/step.ts";
import type { ModelCallRecord } from "../../domain/turn/turn-outcome.ts";
import type { ClaimRow, LedgerRow } from "./stored-turn.ts";

/** The ledger rows of a run's calls; also those that a holder without its claim reports late. */
export function buildLedger(owner: LedgerOwner, calls: readonly ModelCallRecord[]): LedgerRow[] {
  return calls.map((call) => buildLedgerRow(owner, call));
}

type LedgerOwner = { claim: ClaimRow; userId: string; catalog: Catalog; finishedAt: Date };

/** Namespace of ledger ids. An attempt has the same id whether its holder, a commit or recovery writes the row. */
const ledgerNamespace = "6f0d8f0e-3b0a-5c5e-9f39-5c1b6f6a7d11";

type CallKey = Pick<ModelCallRecord, "holder" | "step" | "agentKey" | "round">;

/**
 * An agent's first step goes by its key, as in the version before steps, whose calls may still be reported; but not that of
 * an agent whose key is the id of the synthesis.
 */
function attemptId(runId: string, { holder, step, agentKey, round }: CallKey, attempt: number): string {
  const hasOldName = step === agentStepId(agentKey, 1) && agentKey !== synthesisStepId;
  const name = hasOldName ? agentKey : step;
  return uuidv5([runId, holder, name, round, attempt].join("/"), ledgerNamespace);
}

/** For each call the ids that its rows may have: one for each attempt. */
export function listAttemptIds(runId: string, calls: readonly CallKey[]): string[][] {
  const keys = new Map(calls.map((call) => [attemptId(runId, call, 1), call]));
  const attempts = Array.from({ length: maxAttempts }, (_, index) => index + 1);
  return [...keys.values()].map((call) => attempts.map((attempt) => attemptId(runId, call, attempt)));
}

function buildLedgerRow(
  { claim, userId, catalog, finishedAt }: LedgerOwner,
  call: ModelCallRecord,
): LedgerRow {
  const { fresh, cached, output } = call.usage;
  // A call that may not have been billed is in the ledger, and costs the user nothing.
  const billable = call.status === "unknown" ? { fresh: 0, cached: 0, output: 0 } : call.usage;
  // Price by the claim's version, even if a later holder made the call under another one.
  const { version, multiplierHundredths } = resolvePrice({ claimed: claim.snapshot.pricing, catalog }, call);
  const price = priceCall(billable, multiplierHundredths);
  return {
    id: attemptId(claim.runId, call, call.attempt),
    userId,
    roomId: claim.snapshot.roomId,
    sessionId: claim.sessionId,
    turnId: claim.turnId,
    runId: claim.runId,
    step: call.step,
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
    pricingVersion: version,
    providerRequestId: call.providerRequestId,
    openedAt: claim.openedAt,
    createdAt: finishedAt,
  };
}
