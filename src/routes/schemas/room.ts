import * as z from "zod";
import type { RoomRow } from "../../db/rooms/rooms.ts";
import { roomModes } from "../../domain/plan/modes.ts";
import { maxRoundsLimit, synthesisPattern } from "../../domain/plan/orchestration.ts";
import type { User } from "../../domain/user.ts";
import { id, instant, text } from "../../http/schemas.ts";

export const roomMode = z.enum(roomModes);

const maxRounds = z.int().min(1).max(maxRoundsLimit).meta({
  description: "How often the manager may pick agents in one turn of mode `orchestrator`",
});
const synthesis = z.string().regex(synthesisPattern).meta({
  description: "Who writes one consolidated answer at the end of a turn: `off`, `manager`, or an agent's key",
});
/** Of a request: what is left out keeps its value, or the default. */
export const orchestrationChange = z
  .strictObject({ max_rounds: maxRounds.optional(), synthesis: synthesis.optional() })
  .refine((change) => Object.keys(change).length > 0, "must set something")
  .optional();

export const room = z
  .object({
    id,
    owner_user_id: z.string(),
    name: z.string(),
    goal: z.string().nullable(),
    current_mode: roomMode,
    pending_mode: roomMode.nullable(),
    orchestration: z.object({ max_rounds: maxRounds, synthesis }),
    created_at: instant,
    updated_at: instant,
    last_used_at: instant.meta({
      description: "When a session of the room was last started or used; else when the room was created",
    }),
  })
  .meta({ id: "Room" });

export const roomParams = z.object({ room_id: id });

export const newRoom = z
  .strictObject({
    name: text(200),
    goal: text(4_000).nullable().optional(),
    current_mode: roomMode.optional(),
    orchestration: orchestrationChange,
  })
  .meta({ id: "NewRoom", examples: [{ name: "Launch", goal: "Ship on Friday", current_mode: "tag" }] });

export const roomChange = z
  .strictObject({
    name: text(200).optional(),
    goal: text(4_000).nullable().optional(),
    orchestration: orchestrationChange,
  })
  .refine((change) => Object.keys(change).length > 0, "must change something")
  .meta({ id: "RoomChange", examples: [{ goal: null }] });

export const modeSwitch = z
  .strictObject({ mode: roomMode })
  .meta({ id: "ModeSwitch", examples: [{ mode: "roundtable" }] });

export function toRoom(row: RoomRow): z.input<typeof room> {
  return {
    id: row.id,
    owner_user_id: row.ownerUserId,
    name: row.name,
    goal: row.goal,
    current_mode: row.currentMode,
    pending_mode: row.pendingMode,
    orchestration: { max_rounds: row.maxRounds, synthesis: row.synthesis },
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    last_used_at: row.lastUsedAt.toISOString(),
  };
}

/** The room of a path, with the user who must own it. */
export function roomOf({ userId }: User, { room_id: roomId }: { room_id: string }) {
  return { roomId, userId };
}
