import { type RoomRow, updatePendingMode } from "../db/rooms/rooms.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { RoomMode } from "../domain/plan/modes.ts";
import type { User } from "../domain/user.ts";

/** Sets the mode of the room's next turn; a running turn keeps its own. */
export async function switchMode(deps: Deps, user: User, roomId: string, mode: RoomMode): Promise<RoomRow> {
  const room = await updatePendingMode(deps.db, user.userId, roomId, mode, deps.now());
  if (room === undefined) throw notFound();
  return room;
}
