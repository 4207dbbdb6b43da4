import * as z from "zod";
import type { SessionRow } from "../../db/rooms/sessions.ts";
import { maxTitleCharacters } from "../../domain/turn/session-title.ts";
import type { User } from "../../domain/user.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { createdAt, id, instant, text } from "../../http/schemas.ts";

export const session = lazily(() =>
  z
    .object({
      id,
      room_id: id.describe("The session's room"),
      title: z.string().nullable().meta({
        description: "As its user set it, else the first line of its first message; null until there is one",
      }),
      started_by_user_id: z.string().describe("The user who started it"),
      last_turn_at: instant.nullable().meta({
        description: "When a turn or a retry of the session was last stored; null: there is none",
      }),
      created_at: createdAt,
      deleted_at: instant.nullable().describe("Null in every answer: no read finds a deleted session"),
    })
    .meta({ id: "Session", description: "One conversation in a room" }),
);

export const sessionParams = z.object({ session_id: id.describe("The session") });

const title = text(maxTitleCharacters).nullable();

export const newSession = z
  .strictObject({
    title: title.optional().meta({ description: "Without one the first message gives the title" }),
  })
  .meta({ id: "NewSession", description: "A session to start", examples: [{}] });

export const sessionChange = z
  .strictObject({ title: title.meta({ description: "Null takes the title away" }) })
  .meta({ id: "SessionChange", description: "A new title", examples: [{ title: "Launch plan" }] });

export function toSession(row: SessionRow): z.input<typeof session> {
  return {
    id: row.id,
    room_id: row.roomId,
    title: row.title,
    started_by_user_id: row.startedByUserId,
    last_turn_at: row.lastTurnAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
    deleted_at: row.deletedAt?.toISOString() ?? null,
  };
}

/** The session of a path, with the user who must own it. */
export function sessionOf({ userId }: User, { session_id: sessionId }: { session_id: string }) {
  return { sessionId, userId };
}
