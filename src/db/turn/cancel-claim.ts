import { and, eq, type SQL, sql } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import type { QueuedStatus } from "../../domain/turn/queued-turn.ts";
import type { TurnStatus } from "../../domain/turn/turn-outcome.ts";
import { type Db, repeatIfLost } from "../core/client.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { queuedTurns, sessions, turnClaims, turns } from "../schema.ts";
import type { RunKey } from "./take-over-run.ts";
import { isTurnOf, type SessionScope } from "./turns.ts";

/** A run that was cancelled, and who held it then. */
export type CancelledRun = RunKey & { holder: string };

export type CancelledTurn = {
  /** `running`: a run of the turn is live; of a turn that waited: how its wait has ended; else as the turn is stored. */
  status: TurnStatus | "running" | Exclude<QueuedStatus, "waiting">;
  /** The turn's run, where its holder may not know that it is cancelled; null: there is none. */
  run: CancelledRun | null;
};

/**
 * Marks the live run of a turn as cancelled, or ends its wait in the queue, in one batch. The session's lock decides where a
 * commit is in flight: it may end the run first.
 * @throws PantheonError `not_found`.
 */
export async function cancelTurnClaim(
  db: Db,
  scope: SessionScope & { leaseMs: number },
  turnId: string,
): Promise<CancelledTurn> {
  const { sessionId, userId } = scope;
  const isClaim = and(eq(turnClaims.turnId, turnId), isClaimOf(scope));
  const isEntry = and(
    eq(queuedTurns.id, turnId),
    eq(queuedTurns.sessionId, sessionId),
    ownsSession(sessionId, userId),
  );
  const [, [claim], [run], , [entry], [turn]] = await repeatIfLost(db, () =>
    db.batch([
      db
        .select({ id: sessions.id })
        .from(sessions)
        .where(and(eq(sessions.id, sessionId), ownsSession(sessionId, userId)))
        .for("update"),
      db.select({ runId: turnClaims.runId }).from(turnClaims).where(isClaim),
      markCancelled(db, scope, eq(turnClaims.turnId, turnId)),
      db
        .update(queuedTurns)
        .set({ status: "cancelled", endedAt: sql`clock_timestamp()` })
        .where(and(isEntry, eq(queuedTurns.status, "waiting"))),
      db.select({ status: queuedTurns.status }).from(queuedTurns).where(isEntry),
      db
        .select({ status: turns.status })
        .from(turns)
        .where(and(eq(turns.id, turnId), isTurnOf(scope))),
    ]),
  );
  const status = claim === undefined ? (entry ?? turn)?.status : "running";
  if (status === undefined || status === "waiting") throw notFound();
  return { status, run: run ?? null };
}

/**
 * Marks the session's claim as cancelled: for a batch that has locked the session. Returns the run, which
 * `stopCancelledRun` then ends. A run that was cancelled before is returned, too: the earlier request may have been lost before
 * it reached the host. It is not where the lease was set since then: its holder knows of the cancel, or settles the run.
 */
export function markCancelled(db: Db, { leaseMs, ...scope }: SessionScope & { leaseMs: number }, only?: SQL) {
  const { sessionId, runId, holder, cancelledAt, leaseUntil } = turnClaims;
  const mayNotKnow = sql`(${cancelledAt} is null
    or ${leaseUntil} <= ${cancelledAt} + ${leaseMs} * interval '1 millisecond')`;
  return db
    .update(turnClaims)
    .set({ cancelledAt: sql`coalesce(${cancelledAt}, clock_timestamp())` })
    .where(and(isClaimOf(scope), mayNotKnow, only))
    .returning({ sessionId, runId, holder });
}

function isClaimOf({ sessionId, userId }: SessionScope): SQL | undefined {
  return and(eq(turnClaims.sessionId, sessionId), ownsSession(sessionId, userId));
}
