import { and, desc, eq, isNull } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { readTurnFiles, selectTurnFiles } from "../files/turn-files.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { sessionSummaries, sessions } from "../schema.ts";
import type { OpenedTurn } from "./open-turn.ts";
import {
  readTokenScales,
  readWindow,
  selectTokenCounts,
  selectWindow,
  type WindowBounds,
} from "./session-window.ts";
import type { AbandonedTurn } from "./take-over-run.ts";

/**
 * Reads what a resumed run needs beside what its takeover read. This holder has the claim, so no other turn of the session
 * can be committed meanwhile. Null: the session or its room was deleted.
 */
export async function loadResumedTurn(
  db: Db,
  taken: AbandonedTurn,
  bounds: WindowBounds,
): Promise<OpenedTurn | null> {
  const { userId, ...turn } = taken;
  const { claim } = turn;
  const { sessionId } = claim;
  const exceptTurnId = claim.kind === "retry" ? claim.turnId : null;
  const [[session], [summary], windowRows, counts, files] = await askDatabase(db, () =>
    db.batch([
      db
        .select({
          summaryFailures: sessions.summaryFailures,
          nextSummaryTurnIndex: sessions.nextSummaryTurnIndex,
          refusalScales: sessions.refusalScales,
        })
        .from(sessions)
        .where(and(eq(sessions.id, sessionId), isNull(sessions.deletedAt), ownsSession(sessionId, userId))),
      db
        .select(readableColumns(sessionSummaries))
        .from(sessionSummaries)
        .where(eq(sessionSummaries.sessionId, sessionId))
        .orderBy(desc(sessionSummaries.toSeq))
        .limit(1),
      selectWindow(claim, bounds, exceptTurnId),
      selectTokenCounts(claim, claim.request.modelAliasOverride ?? null),
      selectTurnFiles({ ...claim, userId }),
    ]),
  );
  if (session === undefined) return null;
  return {
    ...turn,
    session,
    summary: summary ?? null,
    window: readWindow(windowRows.rows),
    files: readTurnFiles(files.rows),
    tokenScales: readTokenScales(counts.rows, session.refusalScales),
  };
}
