import { and, eq, inArray, isNotNull, lt, or, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { files, llmCallEvents, rooms, sessions, toolCallEvents } from "../schema.ts";

/** In one run of the daily job; the next day takes the rest. */
const maxRows = 500;

/** Ids of files that were deleted before an instant, by themselves or with their room. */
export async function loadDeletedFileIds(db: Db, before: Date): Promise<string[]> {
  const rows = await askDatabase(db, () =>
    db
      .select({ id: files.id })
      .from(files)
      .innerJoin(rooms, eq(rooms.id, files.roomId))
      .where(or(lt(files.deletedAt, before), lt(rooms.deletedAt, before)))
      .limit(maxRows),
  );
  return rows.map(({ id }) => id);
}

/** Deletes the rows of files, their pages with them. */
export async function deleteFileRows(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await askDatabase(db, () => db.delete(files).where(inArray(files.id, [...ids])));
}

/** Which of these ids have a row. */
export async function loadKnownFileIds(db: Db, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await askDatabase(db, () =>
    db
      .select({ id: files.id })
      .from(files)
      .where(inArray(files.id, [...ids])),
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * Deletes sessions and rooms that were deleted before an instant, with all their texts. The ledger stays. A room
 * that still has files waits for their purge.
 */
export async function purgeDeletedRooms(db: Db, before: Date): Promise<{ rooms: number; sessions: number }> {
  const [oldSessions, oldRooms] = await askDatabase(db, () =>
    db.batch([
      db
        .select({ id: sessions.id })
        .from(sessions)
        .where(and(isNotNull(sessions.deletedAt), lt(sessions.deletedAt, before)))
        .limit(maxRows),
      db
        .select({ id: rooms.id })
        .from(rooms)
        .where(
          and(
            lt(rooms.deletedAt, before),
            sql`not exists (select 1 from ${files} where ${files.roomId} = ${rooms.id})`,
          ),
        )
        .limit(maxRows),
    ]),
  );
  const sessionIds = oldSessions.map(({ id }) => id);
  const roomIds = oldRooms.map(({ id }) => id);
  if (sessionIds.length + roomIds.length === 0) return { rooms: 0, sessions: 0 };
  // The rows that stay are detached first. Left to the foreign keys, one key is set to null after the other, and
  // Postgres checks the others of a row that this transaction has changed: their rows are gone by then.
  const noSession = { sessionId: null, turnId: null };
  const noRoom = { roomId: null, sessionId: null, turnId: null };
  await askDatabase(db, () =>
    db.batch([
      db.update(llmCallEvents).set(noSession).where(inArray(llmCallEvents.sessionId, sessionIds)),
      db.update(llmCallEvents).set(noRoom).where(inArray(llmCallEvents.roomId, roomIds)),
      db.update(toolCallEvents).set(noSession).where(inArray(toolCallEvents.sessionId, sessionIds)),
      db.update(toolCallEvents).set(noRoom).where(inArray(toolCallEvents.roomId, roomIds)),
      db.delete(sessions).where(inArray(sessions.id, sessionIds)),
      db.delete(rooms).where(inArray(rooms.id, roomIds)),
    ]),
  );
  return { rooms: roomIds.length, sessions: sessionIds.length };
}
