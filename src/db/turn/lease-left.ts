import { and, eq, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { turnClaims } from "../schema.ts";
import type { RunKey } from "./take-over-run.ts";

/** Milliseconds until the lease of a run ends, by the database's clock; null: the run has no claim. */
export async function loadLeaseLeft(db: Db, { sessionId, runId }: RunKey): Promise<number | null> {
  const [claim] = await askDatabase(db, () =>
    db
      .select({
        leftMs: sql`extract(epoch from ${turnClaims.leaseUntil} - clock_timestamp()) * 1000`.mapWith(Number),
      })
      .from(turnClaims)
      .where(and(eq(turnClaims.sessionId, sessionId), eq(turnClaims.runId, runId))),
  );
  return claim?.leftMs ?? null;
}
