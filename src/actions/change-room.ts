import { type RoomChange, type RoomRow, updateRoom } from "../db/rooms/rooms.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

export async function changeRoom(
  deps: Deps,
  user: User,
  roomId: string,
  change: RoomChange,
): Promise<RoomRow> {
  const room = await updateRoom(deps.db, user.userId, roomId, change, deps.now());
  if (room === undefined) throw notFound();
  return room;
}
