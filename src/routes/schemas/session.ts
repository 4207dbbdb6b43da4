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

/** Nothing is asked of a session yet; fields that are not known are refused all the same. */
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

/** The session that a path names, as the database is asked for it: together with whose it must be. */
export function sessionOf({ userId }: User, { session_id: sessionId }: { session_id: string }) {
  return { sessionId, userId };
}
