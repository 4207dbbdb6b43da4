import { type GrantResult, grantCredits as storeGrant } from "../db/budgets/wallet.ts";
import type { Deps } from "../deps.ts";
import { normalizeCredits } from "../domain/billing/pricing.ts";
import type { User } from "../domain/user.ts";

export type GrantRequest = { userId: string; amount: string; note: string | null; idempotencyKey: string };

/** @throws PantheonError `not_found`, `idempotency_key_reused`. */
export function grantCredits(
  { db, newId, now }: Deps,
  operator: User,
  { userId, note, idempotencyKey, ...request }: GrantRequest,
): Promise<GrantResult> {
  const [id, walletId] = [newId(), newId()];
  const amount = normalizeCredits(request.amount);
  const event = {
    id: newId(),
    actor: operator.userId,
    kind: "grant" as const,
    userId,
    details: { grant_id: id, amount, note },
    createdAt: now(),
  };
  return storeGrant(db, { id, walletId, userId, amount, note, idempotencyKey, event });
}
