import type { Page, PageRequest } from "../db/core/page.ts";
import { loadRooms, type RoomRow } from "../db/rooms/rooms.ts";
import type { Deps } from "../deps.ts";
import type { User } from "../domain/user.ts";

/** The caller's active rooms, oldest first. */
export function listRooms(deps: Deps, user: User, page: PageRequest): Promise<Page<RoomRow>> {
  return loadRooms(deps.db, user, page, deps.now());
}
