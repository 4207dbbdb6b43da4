import { and, asc, eq, or, sql } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import type { PendingTurn, QueuedEntry, StoredProblem } from "../../domain/turn/queued-turn.ts";
import { askDatabase, type Db, repeatIfLost } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { type ClaimedRequest, queuedTurns, turnClaims } from "../schema.ts";
import { lockSession } from "./claim-statements.ts";
import { type SessionScope, selectOwnership } from "./turns.ts";

type QueueReader = { sessionId: string; userId: string; idempotencyKey: string | null };

/** What waits in the session, in order, and the entry of the request's key. */
export function selectQueue(db: Db, { sessionId, userId, idempotencyKey }: QueueReader) {
  const { id: turnId, requestHash, status, problem } = queuedTurns;
  return db
    .select({ turnId, idempotencyKey: queuedTurns.idempotencyKey, requestHash, status, problem })
    .from(queuedTurns)
    .where(
      and(
        eq(queuedTurns.sessionId, sessionId),
        or(eq(status, "waiting"), sql`${queuedTurns.idempotencyKey} = ${idempotencyKey}::text`),
        ownsSession(sessionId, userId),
      ),
    )
    .orderBy(asc(queuedTurns.seq));
}

/** A turn that waits, as its user sees it. */
export type WaitingTurn = PendingTurn & { message: string; createdAt: Date };

/** What waits in the user's session, in order. @throws PantheonError `not_found`. */
export async function loadQueue(db: Db, { sessionId, userId }: SessionScope): Promise<WaitingTurn[]> {
  const [owned, rows] = await askDatabase(db, () =>
    db.batch([
      selectOwnership(db, { sessionId, userId }),
      db
        .select(readableColumns(queuedTurns))
        .from(queuedTurns)
        .where(
          and(
            eq(queuedTurns.sessionId, sessionId),
            eq(queuedTurns.status, "waiting"),
            ownsSession(sessionId, userId),
          ),
        )
        .orderBy(asc(queuedTurns.seq)),
    ]),
  );
  if (owned.rows[0]?.owned !== true) throw notFound();
  return rows.map(({ id, request, createdAt }, index) => ({
    id,
    sessionId: sessionId.toLowerCase(),
    status: "queued",
    turnIndex: null,
    position: index + 1,
    problem: null,
    message: request.message,
    createdAt,
  }));
}

/** The turn that starts next. */
export type QueueHead = Omit<QueuedEntry, "status" | "problem"> & {
  userId: string;
  request: ClaimedRequest;
};

/** Null: nothing waits. */
export async function loadQueueHead(db: Db, sessionId: string): Promise<QueueHead | null> {
  const { id: turnId, userId, idempotencyKey, requestHash, request } = queuedTurns;
  const [head] = await askDatabase(db, () =>
    db
      .select({ turnId, userId, idempotencyKey, requestHash, request })
      .from(queuedTurns)
      .where(and(eq(queuedTurns.sessionId, sessionId), eq(queuedTurns.status, "waiting")))
      .orderBy(asc(queuedTurns.seq))
      .limit(1),
  );
  return head ?? null;
}

/** Ends the wait of a turn that is not started. One that waits no more stays as it is. */
export async function refuseEntry(
  db: Db,
  { sessionId, turnId }: { sessionId: string; turnId: string },
  problem: StoredProblem,
): Promise<void> {
  await repeatIfLost(db, () =>
    db.batch([
      lockSession(sessionId),
      db
        .update(queuedTurns)
        .set({ status: "refused", problem, endedAt: sql`clock_timestamp()` })
        .where(and(eq(queuedTurns.id, turnId), eq(queuedTurns.status, "waiting"))),
    ]),
  );
}

/** Sessions in which a turn waits and no run is live: nobody has started it. */
export async function loadIdleQueues(db: Db, limit: number): Promise<string[]> {
  const rows = await askDatabase(db, () =>
    db
      .selectDistinct({ sessionId: queuedTurns.sessionId })
      .from(queuedTurns)
      .where(
        and(
          eq(queuedTurns.status, "waiting"),
          sql`not exists (select 1 from ${turnClaims} c where c.session_id = ${queuedTurns.sessionId}
            and c.lease_until > clock_timestamp())`,
        ),
      )
      .limit(limit),
  );
  return rows.map(({ sessionId }) => sessionId);
}

/** Deletes entries whose turns were not started, once their end is long enough ago. */
export async function deleteEndedEntries(db: Db, days: number): Promise<number> {
  const result = await askDatabase(db, () =>
    db
      .delete(queuedTurns)
      .where(sql`${queuedTurns.endedAt} < clock_timestamp() - ${days} * interval '1 day'`),
  );
  return result.rowCount ?? 0;
}
