import { and, eq } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { sessions } from "../schema.ts";

/** Whether a run was the last of its session that was refused after its claim was taken. */
export async function isRunRefused(
  db: Db,
  { sessionId, runId }: { sessionId: string; runId: string },
): Promise<boolean> {
  const isRefused = and(eq(sessions.id, sessionId), eq(sessions.refusedRunId, runId));
  const rows = await askDatabase(db, () => db.select({ id: sessions.id }).from(sessions).where(isRefused));
  return rows.length > 0;
}
