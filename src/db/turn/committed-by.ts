import { eq } from "drizzle-orm";
import type { Claim } from "../../domain/turn/claim.ts";
import { type Db, repeatIfLost } from "../core/client.ts";
import { turnRuns } from "../schema.ts";

/** Whether this holder has stored the run. Then only the answer to its commit was lost. */
export async function isCommittedBy(db: Db, { runId, holder }: Claim): Promise<boolean> {
  return (await loadCommitter(db, runId)) === holder;
}

/** The holder that has stored the run; undefined: it is not stored. */
export async function loadCommitter(db: Db, runId: string): Promise<string | undefined> {
  const [run] = await repeatIfLost(db, () =>
    db.select({ committedBy: turnRuns.committedBy }).from(turnRuns).where(eq(turnRuns.id, runId)),
  );
  return run?.committedBy;
}
