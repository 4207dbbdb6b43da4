import { and, asc, eq, gt, inArray, sql } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { maxPageBytes, selectFitting, sentBytes } from "../core/sent-bytes.ts";
import { messages } from "../schema.ts";
import type { StoredTurn } from "../turn/stored-turn.ts";
import { cutContent, isShared } from "../turn/turn-rows.ts";
import { ownsSession } from "./owned-session.ts";

export type TranscriptRequest = PageRequest & { includesSuperseded: boolean };

/**
 * The messages that everyone in the session may see, by `seq`. Long texts end a page before `limit`, but it has at least one
 * message, which is cut where it alone is too long.
 * @throws PantheonError `not_found` where the session is not the user's.
 */
export async function loadTranscript(
  db: Db,
  scope: { sessionId: string; userId: string },
  page: TranscriptRequest,
): Promise<Page<StoredTurn["messages"][number]>> {
  const owned = ownsSession(scope.sessionId, scope.userId);
  const isInTranscript = and(eq(messages.sessionId, scope.sessionId), isShared, owned);
  const isCursor = and(isInTranscript, sql`${messages.id} = ${page.after ?? null}::uuid`);
  const cursorKey = sql`(select ${messages.seq} from ${messages} where ${isCursor})`;
  const isAfter = page.after === undefined ? undefined : gt(messages.seq, cursorKey);
  const wanted = and(isInTranscript, isAfter, page.includesSuperseded ? undefined : isNotSuperseded);
  // One row more than the page shows whether there are more.
  const nearest = sql`select ${messages.id} as id, ${messages.seq} as rank,
      octet_length(${messages.content}) as raw
    from ${messages} where ${wanted} order by ${messages.seq} limit ${page.limit + 1}`;
  const ids = selectFitting({ nearest, bytes: messageBytes, limit: page.limit });
  const [session, cursor, matched, found] = await askDatabase(db, () =>
    db.batch([
      db.execute<{ owned: boolean }>(sql`select ${owned} as owned`),
      db.select({ id: messages.id }).from(messages).where(isCursor),
      db.execute<{ rows: number }>(sql`select count(*)::int as rows from (${nearest}) n`),
      db
        .select({ ...readableColumns(messages), ...cutContent(sentBytes(messages.content), maxPageBytes) })
        .from(messages)
        .where(inArray(messages.id, ids))
        .orderBy(asc(messages.seq)),
    ]),
  );
  if (session.rows[0]?.owned !== true) throw notFound();
  const { rows } = readPage(page, cursor.length > 0, found);
  return { rows, hasMore: rows.length < (matched.rows[0]?.rows ?? 0) };
}

const isNotSuperseded = sql`not exists (
  select 1 from ${messages} later where later.supersedes_id = ${messages.id})`;

/** Bytes of a message as JSON. */
const messageBytes = sql`(select 600 + ${sentBytes(sql`m.content`)} from ${messages} m where m.id = n.id)`;
