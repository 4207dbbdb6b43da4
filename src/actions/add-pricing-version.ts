import {
  insertPricingVersion,
  type ModelPrice,
  type PricingVersion,
} from "../db/budgets/pricing-versions.ts";
import type { Deps } from "../deps.ts";
import type { User } from "../domain/user.ts";

export type PricingRequest = { version: string; effectiveAt: Date | null; prices: readonly ModelPrice[] };

/**
 * Adds prices that hold from a time on, from now on where none is named. They never change.
 * @throws PantheonError `pricing_version_taken`, `pricing_version_in_past`.
 */
export function addPricingVersion(
  { db, newId, now }: Deps,
  operator: User,
  { version, effectiveAt, prices }: PricingRequest,
): Promise<PricingVersion> {
  const event = {
    id: newId(),
    actor: operator.userId,
    kind: "pricing_version" as const,
    userId: null,
    details: { version, effective_at: effectiveAt?.toISOString() ?? null, prices },
    createdAt: now(),
  };
  return insertPricingVersion(db, { version, effectiveAt, prices, event });
}
