import { and, desc, eq, lt, sql } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { sessionSummaries } from "../schema.ts";
import type { SummaryRow } from "../turn/stored-turn.ts";
import { ownsSession } from "./owned-session.ts";

/** A page of the session's summaries, newest first. @throws PantheonError `not_found`. */
export async function loadSummaries(
  db: Db,
  of: { sessionId: string; userId: string },
  page: PageRequest,
): Promise<Page<SummaryRow>> {
  const owned = ownsSession(of.sessionId, of.userId);
  const isOwned = and(eq(sessionSummaries.sessionId, of.sessionId), owned);
  const isCursor = and(isOwned, sql`${sessionSummaries.id} = ${page.after ?? null}::uuid`);
  const place = sql`(select ${sessionSummaries.toSeq} from ${sessionSummaries} where ${isCursor})`;
  const [session, cursor, found] = await askDatabase(db, () =>
    db.batch([
      db.execute<{ owned: boolean }>(sql`select ${owned} as owned`),
      db.select({ id: sessionSummaries.id }).from(sessionSummaries).where(isCursor),
      db
        .select()
        .from(sessionSummaries)
        .where(and(isOwned, page.after === undefined ? undefined : lt(sessionSummaries.toSeq, place)))
        .orderBy(desc(sessionSummaries.toSeq))
        .limit(page.limit + 1),
    ]),
  );
  if (session.rows[0]?.owned !== true) throw notFound();
  return readPage(page, cursor.length > 0, found);
}
