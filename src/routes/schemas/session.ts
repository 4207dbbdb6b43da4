import * as z from "zod";
import type { SessionRow } from "../../db/rooms/sessions.ts";
import type { User } from "../../domain/user.ts";
import { id, instant } from "../../http/schemas.ts";

export const session = z
  .object({
    id,
    room_id: id,
    started_by_user_id: z.string(),
    created_at: instant,
    deleted_at: instant.nullable(),
  })
  .meta({ id: "Session" });

export const sessionParams = z.object({ session_id: id });

/** A new session takes no fields yet. Unknown fields are refused. */
export const newSession = z.strictObject({}).meta({ id: "NewSession" });

export function toSession(row: SessionRow): z.input<typeof session> {
  return {
    id: row.id,
    room_id: row.roomId,
    started_by_user_id: row.startedByUserId,
    created_at: row.createdAt.toISOString(),
    deleted_at: row.deletedAt?.toISOString() ?? null,
  };
}

/** The session of a path, with the user who must own it. */
export function sessionOf({ userId }: User, { session_id: sessionId }: { session_id: string }) {
  return { sessionId, userId };
}
