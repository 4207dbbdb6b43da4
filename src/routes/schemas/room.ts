import * as z from "zod";
import type { RoomRow } from "../../db/rooms/rooms.ts";
import { roomModes } from "../../domain/plan/modes.ts";
import { maxRoundsLimit, synthesisPattern } from "../../domain/plan/orchestration.ts";
import type { User } from "../../domain/user.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { createdAt, id, instant, text, updatedAt } from "../../http/schemas.ts";

export const roomMode = z.enum(roomModes).meta({
  id: "RoomMode",
  description: [
    "Who answers a message.",
    "`manual` and `tag` are two names of one mode: the agents that the message tags with `@key`, all at once, none sees another's answer of this turn.",
    "`roundtable`: every agent by its position, one after another, each sees the answers before its own.",
    "`orchestrator`: those that the manager (a model) picks, in its order, each sees the answers before its own.",
  ].join(" "),
});

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
  .optional()
  .describe("What is left out keeps its value, or the default");

export const room = lazily(() =>
  z
    .object({
      id,
      owner_user_id: z.string().describe("The user whose room it is"),
      name: z.string().describe("For people; agents are not sent it"),
      goal: z.string().nullable().describe("What the room is for: every agent is sent it"),
      current_mode: roomMode,
      pending_mode: roomMode
        .nullable()
        .describe("The mode that the next turn makes the current one; null: none"),
      orchestration: z
        .object({ max_rounds: maxRounds, synthesis })
        .describe("How often the manager picks agents, and who writes one answer out of all"),
      created_at: createdAt,
      updated_at: updatedAt,
      last_used_at: instant.meta({
        description: "When a session of the room was last started or used; else when the room was created",
      }),
    })
    .meta({ id: "Room", description: "A goal, a mode and a roster of agents" }),
);

export const roomParams = z.object({ room_id: id.describe("The room") });

const name = text(200).describe("For people; agents are not sent it");
const goal = text(4_000).nullable().describe("What the room is for: every agent is sent it; null: none");

export const newRoom = z
  .strictObject({
    name,
    goal: goal.optional(),
    current_mode: roomMode.optional().describe("Its mode; without it `orchestrator`"),
    orchestration: orchestrationChange,
  })
  .meta({
    id: "NewRoom",
    description: "A room to create",
    examples: [{ name: "Launch", goal: "Ship on Friday", current_mode: "tag" }],
  });

export const roomChange = z
  .strictObject({
    name: name.optional(),
    goal: goal.optional(),
    orchestration: orchestrationChange,
  })
  .refine((change) => Object.keys(change).length > 0, "must change something")
  .meta({
    id: "RoomChange",
    description: "What is left out keeps its value",
    examples: [{ goal: null }],
  });

export const modeSwitch = z
  .strictObject({ mode: roomMode })
  .meta({ id: "ModeSwitch", description: "A mode to switch to", examples: [{ mode: "roundtable" }] });

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
