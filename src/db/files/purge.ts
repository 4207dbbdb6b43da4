import { and, eq, inArray, isNotNull, lt, or, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { files, rooms, sessions } from "../schema.ts";

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
  const oldSessions = db
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(isNotNull(sessions.deletedAt), lt(sessions.deletedAt, before)))
    .limit(maxRows);
  const oldRooms = db
    .select({ id: rooms.id })
    .from(rooms)
    .where(
      and(
        lt(rooms.deletedAt, before),
        sql`not exists (select 1 from ${files} where ${files.roomId} = ${rooms.id})`,
      ),
    )
    .limit(maxRows);
  const [purgedSessions, purgedRooms] = await askDatabase(db, () =>
    db.batch([
      db.delete(sessions).where(inArray(sessions.id, oldSessions)).returning({ id: sessions.id }),
      db.delete(rooms).where(inArray(rooms.id, oldRooms)).returning({ id: rooms.id }),
    ]),
  );
  return { rooms: purgedRooms.length, sessions: purgedSessions.length };
}
