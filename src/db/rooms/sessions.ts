import { and, asc, desc, eq, isNull, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { type Page, readPage, type UsePageRequest } from "../core/page.ts";
import { requireRow } from "../core/require-row.ts";
import { queuedTurns, rooms, sessions, turnClaims, turns } from "../schema.ts";
import { isOwnedRoom, ownedRoomId, type RoomScope, selectRoomId } from "./owned-room.ts";
import { ownsSession } from "./owned-session.ts";
import { refuseWaiting } from "./refuse-waiting.ts";

export type SessionRow = typeof sessions.$inferSelect;

/** @throws PantheonError `not_found` where the room is not the user's. */
export async function insertSession(
  db: Db,
  { roomId, userId }: RoomScope,
  { id, title }: { id: string; title: string | null },
  now: Date,
): Promise<SessionRow> {
  const [session] = await askDatabase(db, () =>
    db
      .insert(sessions)
      .select(
        db
          .select({
            id: sql`${id}::uuid`.as("id"),
            roomId: rooms.id,
            startedByUserId: rooms.ownerUserId,
            summaryFailures: sql`0`.as("summary_failures"),
            nextSummaryTurnIndex: sql`0`.as("next_summary_turn_index"),
            refusalScales: sql`'{}'::jsonb`.as("refusal_scales"),
            createdAt: sql`${now.toISOString()}::timestamptz`.as("created_at"),
            deletedAt: sql`null::timestamptz`.as("deleted_at"),
            refusedRunId: sql`null::uuid`.as("refused_run_id"),
            title: sql`${title}::text`.as("title"),
            lastTurnAt: sql`null::timestamptz`.as("last_turn_at"),
            threadHash: sql`null::text`.as("thread_hash"),
          })
          .from(rooms)
          .where(isOwnedRoom({ roomId, userId })),
      )
      .returning(readableColumns(sessions)),
  );
  return requireRow(session);
}

/** When a session was used last: its latest run, else its start. */
const lastUse = sql`coalesce(${sessions.lastTurnAt}, ${sessions.createdAt})`;

/** The room's active sessions. @throws PantheonError `not_found` where the room is not the user's. */
export async function loadSessions(
  db: Db,
  scope: RoomScope,
  page: UsePageRequest,
): Promise<Page<SessionRow>> {
  const isRecent = page.order === "recent";
  const place = isRecent ? lastUse : sql`${sessions.createdAt}`;
  const isInRoom = sql`${sessions.roomId} = ${ownedRoomId(scope)}`;
  const isCursor = and(isInRoom, sql`${sessions.id} = ${page.after ?? null}::uuid`);
  const cursorKey = sql`(select ${place}, ${sessions.id} from ${sessions} where ${isCursor})`;
  const isBeyond = isRecent ? sql`<` : sql`>`;
  const isAfter =
    page.after === undefined ? undefined : sql`(${place}, ${sessions.id}) ${isBeyond} ${cursorKey}`;
  const inOrder = isRecent ? desc : asc;
  const [room, cursor, found] = await askDatabase(db, () =>
    db.batch([
      selectRoomId(db, scope),
      db.select({ id: sessions.id }).from(sessions).where(isCursor),
      db
        .select(readableColumns(sessions))
        .from(sessions)
        .where(and(isInRoom, isNull(sessions.deletedAt), isAfter))
        .orderBy(inOrder(place), inOrder(sessions.id))
        .limit(page.limit + 1),
    ]),
  );
  requireRow(room[0]);
  return readPage(page, cursor.length > 0, found);
}

/** @throws PantheonError `not_found`. */
export async function loadSession(db: Db, userId: string, id: string): Promise<SessionRow> {
  const [session] = await askDatabase(db, () =>
    db
      .select(readableColumns(sessions))
      .from(sessions)
      .where(and(eq(sessions.id, id), ownsSession(id, userId))),
  );
  return requireRow(session);
}

/** Null takes the title away. @throws PantheonError `not_found`. */
export async function updateTitle(
  db: Db,
  userId: string,
  id: string,
  title: string | null,
): Promise<SessionRow> {
  const [session] = await askDatabase(db, () =>
    db
      .update(sessions)
      .set({ title })
      .where(and(eq(sessions.id, id), isNull(sessions.deletedAt), ownsSession(id, userId)))
      .returning(readableColumns(sessions)),
  );
  return requireRow(session);
}

/**
 * No read finds the session from now on. A run in flight holds a claim, not the session's row, and still commits. What waits is refused.
 * @throws PantheonError `not_found`.
 */
export async function softDeleteSession(db: Db, userId: string, id: string, now: Date): Promise<void> {
  const [[deleted]] = await askDatabase(db, () =>
    db.batch([
      db
        .update(sessions)
        .set({ deletedAt: now })
        .where(and(eq(sessions.id, id), isNull(sessions.deletedAt), ownsSession(id, userId)))
        .returning({ id: sessions.id }),
      refuseWaiting(
        db,
        sql`${queuedTurns.sessionId} = ${id} and exists (select 1 from ${sessions} s
        where s.id = ${queuedTurns.sessionId} and s.deleted_at is not null)`,
      ),
    ]),
  );
  requireRow(deleted);
}

/** Deletes a session in which nothing runs, waits or is stored, as where its first message was refused. */
export async function deleteUnusedSession(db: Db, userId: string, id: string, now: Date): Promise<void> {
  const isOfSession = sql`session_id = ${id}::uuid`;
  const isUnused = sql`not exists (select 1 from ${turns} where ${isOfSession})
    and not exists (select 1 from ${turnClaims} where ${isOfSession})
    and not exists (select 1 from ${queuedTurns} where ${isOfSession})`;
  await askDatabase(db, () =>
    db
      .update(sessions)
      .set({ deletedAt: now })
      .where(and(eq(sessions.id, id), isNull(sessions.deletedAt), ownsSession(id, userId), isUnused)),
  );
}
