import { and, asc, eq, gt, type SQL, sql } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { messages } from "../schema.ts";
import type { MessageRow } from "../turn/stored-turn.ts";
import { ownsSession } from "./owned-session.ts";

export type TranscriptRequest = PageRequest & { includesSuperseded: boolean };

/** Neon refuses an answer over 10 MiB, and in JSON one byte of text can become six. */
const mostContentBytes = 1_500_000;

/**
 * What everyone in the session may see, by `seq`. A page of long texts ends before `limit`, though never before
 * its first message.
 * @throws PantheonError `not_found` where the session is not the user's.
 */
export async function loadTranscript(
  db: Db,
  of: { sessionId: string; userId: string },
  page: TranscriptRequest,
): Promise<Page<MessageRow>> {
  const owned = ownsSession(of.sessionId, of.userId);
  const isShared = and(eq(messages.sessionId, of.sessionId), eq(messages.visibility, "shared"), owned);
  const isCursor = and(isShared, sql`${messages.id} = ${page.after ?? null}::uuid`);
  const place = sql`(select ${messages.seq} from ${messages} where ${isCursor})`;
  const isAfter = page.after === undefined ? undefined : gt(messages.seq, place);
  const wanted = and(isShared, isAfter, page.includesSuperseded ? undefined : isNotSuperseded);
  // One more than the page, as everywhere, so that what is left out shows.
  const nearest = sql`(select seq, content from ${messages} where ${wanted} order by seq limit ${page.limit + 1}) n`;
  const [session, cursor, matched, found] = await askDatabase(db, () =>
    db.batch([
      db.execute<{ owned: boolean }>(sql`select ${owned} as owned`),
      db.select({ id: messages.id }).from(messages).where(isCursor),
      db.execute<{ rows: number }>(sql`select count(*)::int as rows from ${nearest}`),
      db
        .select()
        .from(messages)
        .where(and(wanted, sql`${messages.seq} <= ${lastWithinBytes(nearest)}`))
        .orderBy(asc(messages.seq)),
    ]),
  );
  if (session.rows[0]?.owned !== true) throw notFound();
  const { rows } = readPage(page, cursor.length > 0, found);
  return { rows, hasMore: rows.length < (matched.rows[0]?.rows ?? 0) };
}

const isNotSuperseded = sql`not exists (
  select 1 from ${messages} later where later.supersedes_id = ${messages.id})`;

/** The last `seq` before which there is less than a page's worth of text. */
function lastWithinBytes(nearest: SQL): SQL {
  return sql`(select max(seq) from (
    select seq, sum(octet_length(content)) over (order by seq) - octet_length(content) as bytes_before
    from ${nearest}) m where bytes_before < ${mostContentBytes}::int)`;
}
