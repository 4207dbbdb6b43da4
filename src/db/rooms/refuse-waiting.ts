import { and, eq, type SQL, sql } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import { toStoredProblem } from "../../domain/turn/queued-turn.ts";
import type { Db } from "../core/client.ts";
import { queuedTurns } from "../schema.ts";

/** Turns that wait are not started: their session is deleted. `isGone` says which. */
export function refuseWaiting(db: Db, isGone: SQL) {
  return db
    .update(queuedTurns)
    .set({ status: "refused", problem: toStoredProblem(notFound()), endedAt: sql`clock_timestamp()` })
    .where(and(eq(queuedTurns.status, "waiting"), isGone));
}
