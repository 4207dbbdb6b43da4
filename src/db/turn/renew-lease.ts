import type { Claim } from "../../domain/turn/claim.ts";
import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { claimLost, renewClaim } from "./claim-statements.ts";

/** `lost`: the claim has another holder; `cancelled`: the lease is renewed, and the run was cancelled. */
export type Renewal = "renewed" | "cancelled" | "lost";

/**
 * Renews a lease, by the database's clock. The session's
 * lock keeps it from coming between the statements of an open, which would then find a lease both run out and renewed.
 * @param needed what the run needs at most, where it holds more (see claim-statements.ts).
 * @throws PantheonError `database_unavailable`.
 */
export async function renewLease(
  db: Db,
  claim: Claim,
  { leaseMs, needed }: { leaseMs: number; needed: string | null },
): Promise<Renewal> {
  try {
    const [{ rows }] = await askDatabase(db, () => db.batch([renewClaim(claim, leaseMs, needed)]));
    return rows[0]?.isCancelled === true ? "cancelled" : "renewed";
  } catch (error) {
    if (postgresFields(error).code === claimLost) return "lost";
    throw error;
  }
}
