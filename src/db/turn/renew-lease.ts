import type { Claim } from "../../domain/turn/claim.ts";
import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { claimLost, renewClaim } from "./claim-statements.ts";

/**
 * Renews a lease, by the database's clock. False: the claim has another holder. The session's
 * lock keeps it from coming between the statements of an open, which would then find a lease both run out and renewed.
 * @param needed what the run needs at most, where it holds more (see claim-statements.ts).
 * @throws PantheonError `database_unavailable`.
 */
export async function renewLease(
  db: Db,
  claim: Claim,
  { leaseMs, needed }: { leaseMs: number; needed: string | null },
): Promise<boolean> {
  try {
    await askDatabase(db, () => db.batch([renewClaim(claim, leaseMs, needed)]));
    return true;
  } catch (error) {
    if (postgresFields(error).code === claimLost) return false;
    throw error;
  }
}
