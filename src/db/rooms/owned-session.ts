import { type SQL, sql } from "drizzle-orm";
import { rooms, sessions } from "../schema.ts";

/** True in SQL where the session and its room exist and are the user's. */
export function ownsSession(sessionId: string, userId: string): SQL {
  return sql`exists (select 1 from ${sessions} s join ${rooms} r on r.id = s.room_id
    where s.id = ${sessionId} and s.deleted_at is null and r.deleted_at is null and r.owner_user_id = ${userId})`;
}
