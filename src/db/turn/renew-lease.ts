import type { Claim } from "../../domain/turn/claim.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { extendLease } from "./claim-statements.ts";

/**
 * Renews a lease, by the database's clock. False: the claim has another holder. The statement names the holder, so it needs
 * neither the session's lock nor the fence: a takeover that waits for the same row, or made this one wait, changes the holder.
 * @param needed what the run needs at most, where it holds more (see claim-statements.ts).
 * @throws PantheonError `database_unavailable`.
 */
export async function renewLease(
  db: Db,
  claim: Claim,
  { leaseMs, needed }: { leaseMs: number; needed: string | null },
): Promise<boolean> {
  const [renewed] = await askDatabase(db, () => db.batch([extendLease(claim, leaseMs, needed)]));
  return renewed.rows.length > 0;
}
