import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Db } from "../core/client.ts";
import { rooms } from "../schema.ts";

export type RoomScope = { roomId: string; userId: string };

/** Ownership is part of every statement: another's room is no row at all. */
export function isOwnedRoom({ roomId, userId }: RoomScope): SQL | undefined {
  return and(eq(rooms.id, roomId), eq(rooms.ownerUserId, userId), isNull(rooms.deletedAt));
}

/** The room's id as a subquery, null where the room is not the user's. */
export function ownedRoomId(scope: RoomScope): SQL {
  return sql`(select ${rooms.id} from ${rooms} where ${isOwnedRoom(scope)})`;
}

/** A statement that gives the room's row, where it is the user's. */
export function selectRoomId(db: Db, scope: RoomScope) {
  return db.select({ id: rooms.id }).from(rooms).where(isOwnedRoom(scope));
}

/**
 * The same, and keeps the row until the batch ends: who adds, removes or reorders agents goes first, and each
 * later statement sees what the one before committed. Where both are locked, the session comes before the room.
 */
export function lockRoom(db: Db, scope: RoomScope) {
  return selectRoomId(db, scope).for("no key update");
}
