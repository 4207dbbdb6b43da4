import type { Claim } from "../../domain/turn/claim.ts";
import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { claimLost, renewClaim } from "./claim-statements.ts";

/**
 * Renews a lease, by the database's clock. False: the claim has another holder. It takes the session's lock, so that it
 * never comes between two statements of an open: one would find the lease run out, the other find it renewed.
 * @param maxHold see `renewClaim`.
 * @throws PantheonError `database_unavailable`.
 */
export async function renewLease(
  db: Db,
  claim: Claim,
  { leaseMs, maxHold }: { leaseMs: number; maxHold: string | null },
): Promise<boolean> {
  try {
    await askDatabase(db, () => db.batch([renewClaim(claim, leaseMs, maxHold)]));
    return true;
  } catch (error) {
    if (postgresFields(error).code === claimLost) return false;
    throw error;
  }
}
