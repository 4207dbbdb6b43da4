import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { assertClaim, type ClaimHold, claimLost, extendLease, lockSession } from "./claim-statements.ts";

/**
 * Renews a lease, by the database's clock; 0 ms lets it run out now. False: the claim is no longer ours.
 * @throws PantheonError `database_unavailable`.
 */
export async function renewLease(db: Db, hold: ClaimHold, leaseMs: number): Promise<boolean> {
  try {
    await askDatabase(() =>
      db.batch([lockSession(hold.sessionId), assertClaim(hold), extendLease(hold, leaseMs)]),
    );
    return true;
  } catch (error) {
    if (postgresFields(error).code === claimLost) return false;
    throw error;
  }
}
