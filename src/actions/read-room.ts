import { loadRoom, type RoomRow } from "../db/rooms/rooms.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

export async function readRoom(deps: Deps, user: User, roomId: string): Promise<RoomRow> {
  const room = await loadRoom(deps.db, user.userId, roomId);
  if (room === undefined) throw notFound();
  return room;
}
