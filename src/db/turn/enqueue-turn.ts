import { sql } from "drizzle-orm";
import { maxWaiting, type QueuedEntry } from "../../domain/turn/queued-turn.ts";
import { type Db, repeatIfLost } from "../core/client.ts";
import { type ClaimedRequest, queuedTurns, rooms, sessions, turnClaims, turnRuns } from "../schema.ts";
import { type CancelledRun, markCancelled } from "./cancel-claim.ts";
import { lockSession } from "./claim-statements.ts";
import { selectQueue } from "./session-queue.ts";

export type NewEntry = {
  turnId: string;
  sessionId: string;
  userId: string;
  idempotencyKey: string | null;
  requestHash: string;
  request: ClaimedRequest;
  leaseMs: number;
};

/** `not_added`: the key is known meanwhile, the turn has started, or the session is gone. Another open finds out. */
export type EnqueueResult =
  | { kind: "waiting"; entry: QueuedEntry; position: number; cancelled: CancelledRun | null }
  | { kind: "full" }
  | { kind: "not_added" };

/** `head`: before all that wait, and the session's run is cancelled in the same batch. */
export type QueuePlace = "end" | "head";

/**
 * Adds a turn to its session's queue. A batch whose answer was lost is repeated; a late copy of it adds nothing
 * for a turn that has started or was refused.
 */
export async function enqueueTurn(db: Db, entry: NewEntry, place: QueuePlace): Promise<EnqueueResult> {
  const isAdded = sql`${place === "head"}::boolean and exists (select 1 from ${queuedTurns} q
    where q.id = ${entry.turnId} and q.status = 'waiting')`;
  const [, , [cancelled], queue] = await repeatIfLost(db, () =>
    db.batch([
      lockSession(entry.sessionId),
      db.execute(insertEntry(entry, place)),
      markCancelled(db, entry, isAdded),
      selectQueue(db, entry),
    ]),
  );
  return readQueue(queue, entry, cancelled ?? null);
}

function readQueue(
  queue: readonly QueuedEntry[],
  { turnId }: NewEntry,
  cancelled: CancelledRun | null,
): EnqueueResult {
  const waiting = queue.filter(({ status }) => status === "waiting");
  const at = waiting.findIndex((one) => one.turnId === turnId);
  const entry = waiting[at];
  if (entry !== undefined) return { kind: "waiting", entry, position: at + 1, cancelled };
  return waiting.length >= maxWaiting ? { kind: "full" } : { kind: "not_added" };
}

function insertEntry(entry: NewEntry, place: QueuePlace) {
  const { turnId, sessionId, userId, idempotencyKey, requestHash, request } = entry;
  const seq = {
    end: sql`coalesce((select max(q.seq) from ${queuedTurns} q where q.session_id = s.id), 0) + 1`,
    head: sql`coalesce((select min(q.seq) from ${queuedTurns} q where q.session_id = s.id), 0) - 1`,
  }[place];
  return sql`insert into ${queuedTurns} (id, session_id, seq, user_id, idempotency_key, request_hash, request, status, created_at)
    select ${turnId}::uuid, s.id, ${seq}, ${userId}, ${idempotencyKey}::text, ${requestHash},
      ${JSON.stringify(request)}::jsonb, 'waiting', clock_timestamp()
    from ${sessions} s join ${rooms} r on r.id = s.room_id
    where s.id = ${sessionId} and s.deleted_at is null and r.deleted_at is null and r.owner_user_id = ${userId}
      and s.refused_run_id is distinct from ${turnId}::uuid
      and not exists (select 1 from ${turnRuns} u where u.session_id = s.id
        and (u.id = ${turnId}::uuid or u.idempotency_key = ${idempotencyKey}::text))
      and not exists (select 1 from ${turnClaims} c where c.session_id = s.id
        and (c.run_id = ${turnId}::uuid or c.idempotency_key = ${idempotencyKey}::text))
      and (select count(*) from ${queuedTurns} q where q.session_id = s.id and q.status = 'waiting') < ${maxWaiting}::int
    on conflict do nothing`;
}
