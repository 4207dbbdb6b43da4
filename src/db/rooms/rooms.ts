import { and, asc, eq, isNull, sql } from "drizzle-orm";
import type { RoomMode } from "../../domain/plan/modes.ts";
import type { Orchestration } from "../../domain/plan/orchestration.ts";
import type { User } from "../../domain/user.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { requireRow } from "../core/require-row.ts";
import { rooms } from "../schema.ts";
import { isOwnedRoom } from "./owned-room.ts";
import { upsertUser } from "./users.ts";

export type RoomRow = typeof rooms.$inferSelect;
export type NewRoomRow = typeof rooms.$inferInsert;

export async function insertRoom(db: Db, user: User, row: NewRoomRow): Promise<RoomRow | undefined> {
  const [, inserted] = await askDatabase(db, () =>
    db.batch([
      upsertUser(db, user, row.createdAt),
      db.insert(rooms).values(row).returning(readableColumns(rooms)),
    ]),
  );
  return inserted[0];
}

/** @throws PantheonError `not_found`. */
export async function loadRoom(db: Db, userId: string, roomId: string): Promise<RoomRow> {
  const [room] = await askDatabase(db, () =>
    db.select(readableColumns(rooms)).from(rooms).where(isOwnedRoom({ roomId, userId })),
  );
  return requireRow(room);
}

/** The active rooms of the user, oldest first. Stores the user's row, where there is none yet. */
export async function loadRooms(db: Db, user: User, page: PageRequest, now: Date): Promise<Page<RoomRow>> {
  const owned = eq(rooms.ownerUserId, user.userId);
  const after = page.after ?? null;
  const cursorKey = sql`(select c.created_at, c.id from ${rooms} c where c.id = ${after}::uuid and c.owner_user_id = ${user.userId})`;
  const [, cursor, found] = await askDatabase(db, () =>
    db.batch([
      upsertUser(db, user, now),
      db
        .select({ id: rooms.id })
        .from(rooms)
        .where(and(owned, sql`${rooms.id} = ${after}::uuid`)),
      db
        .select(readableColumns(rooms))
        .from(rooms)
        .where(
          and(
            owned,
            isNull(rooms.deletedAt),
            after === null ? undefined : sql`(${rooms.createdAt}, ${rooms.id}) > ${cursorKey}`,
          ),
        )
        .orderBy(asc(rooms.createdAt), asc(rooms.id))
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
      .returning(readableColumns(rooms)),
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
      .returning(readableColumns(rooms)),
  );
  return requireRow(room);
}

/** No read finds the room from now on. A run in flight still commits. @throws PantheonError `not_found`. */
export async function softDeleteRoom(db: Db, userId: string, roomId: string, now: Date): Promise<void> {
  const [deleted] = await askDatabase(db, () =>
    db
      .update(rooms)
      .set({ deletedAt: now })
      .where(isOwnedRoom({ roomId, userId }))
      .returning({ id: rooms.id }),
  );
  requireRow(deleted);
}
