import { and, eq, isNull } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { readTurnFiles } from "../files/turn-files.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { sessions } from "../schema.ts";
import type { OpenedTurn } from "./open-turn.ts";
import { selectPromptParts } from "./prompt-parts.ts";
import { readWindow, selectWindow, type WindowBounds } from "./session-window.ts";
import type { AbandonedTurn } from "./take-over-run.ts";
import { readTokenScales } from "./token-counts.ts";

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
  const [[session], [parts], windowRows] = await askDatabase(db, () =>
    db.batch([
      db
        .select({
          summaryFailures: sessions.summaryFailures,
          nextSummaryTurnIndex: sessions.nextSummaryTurnIndex,
          refusalScales: sessions.refusalScales,
        })
        .from(sessions)
        .where(and(eq(sessions.id, sessionId), isNull(sessions.deletedAt), ownsSession(sessionId, userId))),
      selectPromptParts({ ...claim, userId }, claim.request.modelAliasOverride ?? null),
      selectWindow(claim, bounds, exceptTurnId),
    ]),
  );
  if (session === undefined || parts === undefined) return null;
  return {
    ...turn,
    session,
    summary: parts.summary,
    window: readWindow(windowRows.rows),
    files: readTurnFiles(parts.files),
    tokenScales: readTokenScales(parts.tokenCounts, session.refusalScales),
  };
}
