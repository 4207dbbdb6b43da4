import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Db } from "../core/client.ts";
import { rooms } from "../schema.ts";

export type RoomScope = { roomId: string; userId: string };

/** Ownership is part of every statement: for another user's room it returns no row. */
export function isOwnedRoom({ roomId, userId }: RoomScope): SQL | undefined {
  return and(eq(rooms.id, roomId), eq(rooms.ownerUserId, userId), isNull(rooms.deletedAt));
}

/** The room's id as a subquery, null where the room is not the user's. */
export function ownedRoomId(scope: RoomScope): SQL {
  return sql`(select ${rooms.id} from ${rooms} where ${isOwnedRoom(scope)})`;
}

/** Selects the room's id, where the room is the user's. */
export function selectRoomId(db: Db, scope: RoomScope) {
  return db.select({ id: rooms.id }).from(rooms).where(isOwnedRoom(scope));
}

/**
 * The same, and locks the row until the batch ends. It is the first statement of a batch that changes the roster: later
 * statements then see what the previous change committed. Where both are locked, the session comes before the room.
 */
export function lockRoom(db: Db, scope: RoomScope) {
  return selectRoomId(db, scope).for("no key update");
}
