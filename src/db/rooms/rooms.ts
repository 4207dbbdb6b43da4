import { and, asc, desc, eq, isNull, sql } from "drizzle-orm";
import type { RoomMode } from "../../domain/plan/modes.ts";
import type { Orchestration } from "../../domain/plan/orchestration.ts";
import type { User } from "../../domain/user.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns, readableInstant } from "../core/instant.ts";
import { type Page, readPage, type UsePageRequest } from "../core/page.ts";
import { requireRow } from "../core/require-row.ts";
import { queuedTurns, rooms, sessions, users } from "../schema.ts";
import { isOwnedRoom } from "./owned-room.ts";
import { refuseWaiting } from "./refuse-waiting.ts";
import { upsertUser } from "./users.ts";

export type RoomRow = typeof rooms.$inferSelect & {
  /** When a session of the room was last started or had a run stored; else when the room was created. */
  lastUsedAt: Date;
};
export type NewRoomRow = typeof rooms.$inferInsert;

// `rooms` is written out: in the columns that a statement returns, Drizzle would leave the table's name away.
const lastUse = sql`coalesce((select max(coalesce(s.last_turn_at, s.created_at)) from ${sessions} s
  where s.room_id = rooms.id and s.deleted_at is null), rooms.created_at)`;
const roomColumns = { ...readableColumns(rooms), lastUsedAt: readableInstant(lastUse) };

/** @returns undefined where the user has `maxRooms` rooms already. */
export async function insertRoom(
  db: Db,
  user: User,
  row: NewRoomRow,
  maxRooms: number,
): Promise<RoomRow | undefined> {
  const owned = and(eq(rooms.ownerUserId, user.userId), isNull(rooms.deletedAt));
  const isTooMany = sql`(select count(*) from ${rooms} where ${owned}) > ${maxRooms}`;
  const [, , inserted, refused] = await askDatabase(db, () =>
    db.batch([
      upsertUser(db, user, row.createdAt),
      // Rooms that are created at once are counted one after the other.
      db.select({ id: users.id }).from(users).where(eq(users.id, user.userId)).for("no key update"),
      db.insert(rooms).values(row).returning(roomColumns),
      db
        .delete(rooms)
        .where(and(eq(rooms.id, row.id), isTooMany))
        .returning({ id: rooms.id }),
    ]),
  );
  return refused.length === 0 ? inserted[0] : undefined;
}

/** @throws PantheonError `not_found`. */
export async function loadRoom(db: Db, userId: string, roomId: string): Promise<RoomRow> {
  const [room] = await askDatabase(db, () =>
    db.select(roomColumns).from(rooms).where(isOwnedRoom({ roomId, userId })),
  );
  return requireRow(room);
}

/** The active rooms of the user. Stores the user's row, where there is none yet. */
export async function loadRooms(db: Db, user: User, page: UsePageRequest, now: Date): Promise<Page<RoomRow>> {
  const owned = eq(rooms.ownerUserId, user.userId);
  const isRecent = page.order === "recent";
  const place = isRecent ? lastUse : sql`${rooms.createdAt}`;
  const isCursor = and(owned, sql`${rooms.id} = ${page.after ?? null}::uuid`);
  const cursorKey = sql`(select ${place}, ${rooms.id} from ${rooms} where ${isCursor})`;
  const isBeyond = isRecent ? sql`<` : sql`>`;
  const isAfter =
    page.after === undefined ? undefined : sql`(${place}, ${rooms.id}) ${isBeyond} ${cursorKey}`;
  const inOrder = isRecent ? desc : asc;
  const [, cursor, found] = await askDatabase(db, () =>
    db.batch([
      upsertUser(db, user, now),
      db.select({ id: rooms.id }).from(rooms).where(isCursor),
      db
        .select(roomColumns)
        .from(rooms)
        .where(and(owned, isNull(rooms.deletedAt), isAfter))
        .orderBy(inOrder(place), inOrder(rooms.id))
        .limit(page.limit + 1),
    ]),
  );
  return readPage(page, cursor.length > 0, found);
}

export type RoomChange = Partial<Orchestration> & {
  name?: string | undefined;
  goal?: string | null | undefined;
};

/** @throws PantheonError `not_found`. */
export async function updateRoom(
  db: Db,
  userId: string,
  roomId: string,
  change: RoomChange,
  now: Date,
): Promise<RoomRow> {
  const [room] = await askDatabase(db, () =>
    db
      .update(rooms)
      .set({ ...change, updatedAt: now })
      .where(isOwnedRoom({ roomId, userId }))
      .returning(roomColumns),
  );
  return requireRow(room);
}

/**
 * Sets the mode of the next turn: a run in flight keeps its own. The current mode clears a pending one.
 * @throws PantheonError `not_found`.
 */
export async function updatePendingMode(
  db: Db,
  userId: string,
  roomId: string,
  mode: RoomMode,
  now: Date,
): Promise<RoomRow> {
  const [room] = await askDatabase(db, () =>
    db
      .update(rooms)
      .set({ pendingMode: sql`nullif(${mode}::text, ${rooms.currentMode})`, updatedAt: now })
      .where(isOwnedRoom({ roomId, userId }))
      .returning(roomColumns),
  );
  return requireRow(room);
}

/** No read finds the room from now on. A run in flight still commits, what waits is refused. @throws PantheonError `not_found`. */
export async function softDeleteRoom(db: Db, userId: string, roomId: string, now: Date): Promise<void> {
  const [[deleted]] = await askDatabase(db, () =>
    db.batch([
      db
        .update(rooms)
        .set({ deletedAt: now })
        .where(isOwnedRoom({ roomId, userId }))
        .returning({ id: rooms.id }),
      refuseWaiting(
        db,
        sql`exists (select 1 from ${sessions} s join ${rooms} r on r.id = s.room_id
        where s.id = ${queuedTurns.sessionId} and r.id = ${roomId} and r.deleted_at is not null)`,
      ),
    ]),
  );
  requireRow(deleted);
}
