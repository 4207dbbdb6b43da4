import { and, asc, eq, isNull, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { rooms, sessions } from "../schema.ts";
import { isOwnedRoom, ownedRoomId, type RoomOfUser, selectRoomId } from "./owned-room.ts";
import { ownsSession } from "./owned-session.ts";

export type SessionRow = typeof sessions.$inferSelect;

/** @returns undefined where the room is not the user's. */
export async function insertSession(
  db: Db,
  { roomId, userId }: RoomOfUser,
  id: string,
  now: Date,
): Promise<SessionRow | undefined> {
  const inserted = await askDatabase(db, () =>
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
          })
          .from(rooms)
          .where(isOwnedRoom({ roomId, userId })),
      )
      .returning(),
  );
  return inserted[0];
}

/** The room's active sessions, oldest first; undefined where the room is not the user's. */
export async function loadSessions(
  db: Db,
  of: RoomOfUser,
  page: PageRequest,
): Promise<Page<SessionRow> | undefined> {
  const isInRoom = sql`${sessions.roomId} = ${ownedRoomId(of)}`;
  const isCursor = and(isInRoom, sql`${sessions.id} = ${page.after ?? null}::uuid`);
  const place = sql`(select ${sessions.createdAt}, ${sessions.id} from ${sessions} where ${isCursor})`;
  const isAfter =
    page.after === undefined ? undefined : sql`(${sessions.createdAt}, ${sessions.id}) > ${place}`;
  const [room, cursor, found] = await askDatabase(db, () =>
    db.batch([
      selectRoomId(db, of),
      db.select({ id: sessions.id }).from(sessions).where(isCursor),
      db
        .select()
        .from(sessions)
        .where(and(isInRoom, isNull(sessions.deletedAt), isAfter))
        .orderBy(asc(sessions.createdAt), asc(sessions.id))
        .limit(page.limit + 1),
    ]),
  );
  return room.length === 0 ? undefined : readPage(page, cursor.length > 0, found);
}

export async function loadSession(db: Db, userId: string, id: string): Promise<SessionRow | undefined> {
  const found = await askDatabase(db, () =>
    db
      .select()
      .from(sessions)
      .where(and(eq(sessions.id, id), ownsSession(id, userId))),
  );
  return found[0];
}

/** Locks the session's row alone: a turn under way holds its claim, not the row, and still commits. */
export async function softDeleteSession(db: Db, userId: string, id: string, now: Date): Promise<boolean> {
  const deleted = await askDatabase(db, () =>
    db
      .update(sessions)
      .set({ deletedAt: now })
      .where(and(eq(sessions.id, id), isNull(sessions.deletedAt), ownsSession(id, userId)))
      .returning({ id: sessions.id }),
  );
  return deleted.length > 0;
}
