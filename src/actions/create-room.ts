import { insertRoom, type RoomRow } from "../db/rooms/rooms.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import type { RoomMode } from "../domain/plan/modes.ts";
import type { Orchestration } from "../domain/plan/orchestration.ts";
import type { User } from "../domain/user.ts";

export type NewRoom = {
  name: string;
  goal?: string | null | undefined;
  mode?: RoomMode | undefined;
  orchestration: Partial<Orchestration>;
};

/**
 * Creates a room of the caller. Stores the caller's user row, where there is none yet.
 * @throws PantheonError `too_many_rooms`.
 */
export async function createRoom(deps: Deps, user: User, room: NewRoom): Promise<RoomRow> {
  const now = deps.now();
  const created = await insertRoom(
    deps.db,
    user,
    {
      id: deps.newId(),
      ownerUserId: user.userId,
      name: room.name,
      goal: room.goal ?? null,
      ...(room.mode === undefined ? {} : { currentMode: room.mode }),
      ...room.orchestration,
      createdAt: now,
      updatedAt: now,
    },
    deps.settings.maxRoomsOfUser,
  );
  if (created === undefined) {
    const detail = `You may have ${deps.settings.maxRoomsOfUser} rooms. Delete one that you do not need.`;
    throw new PantheonError("too_many_rooms", detail);
  }
  return created;
}
