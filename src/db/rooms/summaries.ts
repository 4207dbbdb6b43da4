import { and, desc, eq, inArray, lt, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { type Page, type PageRequest, readFittingPage } from "../core/page.ts";
import { selectFitting, sentBytes } from "../core/sent-bytes.ts";
import { sessionSummaries } from "../schema.ts";
import type { SummaryRow } from "../turn/stored-turn.ts";
import { ownsSession } from "./owned-session.ts";

/**
 * A page of the session's summaries, newest first. Long summaries end a page before `limit`.
 * @throws PantheonError `not_found` where the session is not the user's.
 */
export async function loadSummaries(
  db: Db,
  scope: { sessionId: string; userId: string },
  page: PageRequest,
): Promise<Page<SummaryRow>> {
  const owned = ownsSession(scope.sessionId, scope.userId);
  const isOwned = and(eq(sessionSummaries.sessionId, scope.sessionId), owned);
  const isCursor = and(isOwned, sql`${sessionSummaries.id} = ${page.after ?? null}::uuid`);
  const cursorKey = sql`(select ${sessionSummaries.toSeq} from ${sessionSummaries} where ${isCursor})`;
  const { id, toSeq, summaryText } = sessionSummaries;
  const nearest = sql`select ${id} as id, -${toSeq} as rank,
      octet_length(${summaryText}) as raw
    from ${sessionSummaries} where ${and(isOwned, page.after === undefined ? undefined : lt(toSeq, cursorKey))}
    order by ${toSeq} desc limit ${page.limit + 1}`;
  const ids = selectFitting({ nearest, bytes: summaryBytes, limit: page.limit });
  const [session, cursor, matched, found] = await askDatabase(db, () =>
    db.batch([
      db.execute<{ owned: boolean }>(sql`select ${owned} as owned`),
      db.select({ id: sessionSummaries.id }).from(sessionSummaries).where(isCursor),
      db.execute<{ rows: number }>(sql`select count(*)::int as rows from (${nearest}) n`),
      db
        .select(readableColumns(sessionSummaries))
        .from(sessionSummaries)
        .where(inArray(id, ids))
        .orderBy(desc(toSeq)),
    ]),
  );
  return readFittingPage(page, { owned: session, cursor, matched, found });
}

/** Bytes of a summary as JSON; src/domain/summary/summary-contract.ts bounds them. */
const summaryBytes = sql`(select 600 + ${sentBytes(sql`s.summary_text`)} + ${sentBytes(sql`s.key_facts`)}
    + ${sentBytes(sql`s.decisions`)} + ${sentBytes(sql`s.open_questions`)} + ${sentBytes(sql`s.action_items`)}
  from ${sessionSummaries} s where s.id = n.id)`;
