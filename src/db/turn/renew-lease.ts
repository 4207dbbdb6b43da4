import type { Claim } from "../../domain/turn/claim.ts";
import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { assertClaim, claimLost, extendLease, lockSession } from "./claim-statements.ts";

/**
 * Renews a lease, by the database's clock. False: the claim has another holder.
 * @throws PantheonError `database_unavailable`.
 */
export async function renewLease(db: Db, claim: Claim, leaseMs: number): Promise<boolean> {
  try {
    await askDatabase(db, () =>
      db.batch([lockSession(claim.sessionId), assertClaim(claim), extendLease(claim, leaseMs)]),
    );
    return true;
  } catch (error) {
    if (postgresFields(error).code === claimLost) return false;
    throw error;
  }
}
