import { softDeleteRoom } from "../db/rooms/rooms.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** Soft delete: gone from every read at once; a running turn still commits. */
export async function deleteRoom(deps: Deps, user: User, roomId: string): Promise<void> {
  if (!(await softDeleteRoom(deps.db, user.userId, roomId, deps.now()))) throw notFound();
}
