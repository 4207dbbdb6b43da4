import type { Claim } from "../../domain/turn/claim.ts";
import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { claimLost, renewClaim } from "./claim-statements.ts";

/** `lost`: the claim has another holder; `cancelled`: the lease is renewed, and the run was cancelled. */
export type Renewal = "renewed" | "cancelled" | "lost";

/**
 * Renews a lease, by the database's clock. It takes the session's lock, so that it
 * never comes between two statements of an open: one would find the lease run out, the other find it renewed.
 * @param maxHold see `renewClaim`.
 * @throws PantheonError `database_unavailable`.
 */
export async function renewLease(
  db: Db,
  claim: Claim,
  { leaseMs, maxHold }: { leaseMs: number; maxHold: string | null },
): Promise<Renewal> {
  try {
    const [{ rows }] = await askDatabase(db, () => db.batch([renewClaim(claim, leaseMs, maxHold)]));
    return rows[0]?.isCancelled === true ? "cancelled" : "renewed";
  } catch (error) {
    if (postgresFields(error).code === claimLost) return "lost";
    throw error;
  }
}
