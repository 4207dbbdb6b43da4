import { sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { queuedTurns, turnClaims, turnRuns } from "../schema.ts";

/** Whether a run of the user's session is stored, in flight or waiting under this Idempotency-Key. */
export async function isKeyKnown(
  db: Db,
  { sessionId, userId, key }: { sessionId: string; userId: string; key: string },
): Promise<boolean> {
  const hasKey = sql`session_id = ${sessionId} and idempotency_key = ${key}`;
  const { rows } = await askDatabase(db, () =>
    db.execute<{ known: boolean }>(sql`select ${ownsSession(sessionId, userId)}
      and (exists (select 1 from ${turnRuns} where ${hasKey})
        or exists (select 1 from ${turnClaims} where ${hasKey})
        or exists (select 1 from ${queuedTurns} where ${hasKey})) as known`),
  );
  return rows[0]?.known === true;
}
