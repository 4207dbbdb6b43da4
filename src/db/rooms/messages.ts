import { and, asc, desc, eq, gt, inArray, isNull, lt, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { type Page, type PageRequest, readFittingPage } from "../core/page.ts";
import { requireRow } from "../core/require-row.ts";
import { maxPageBytes, selectFitting } from "../core/sent-bytes.ts";
import { messages } from "../schema.ts";
import type { StoredTurn } from "../turn/stored-turn.ts";
import { cutContent, isShared, messageBytes } from "../turn/turn-rows.ts";
import { ownsSession } from "./owned-session.ts";

/** `newestFirst`: the page begins with the latest message, and `after` names the message before which it begins. */
export type TranscriptRequest = PageRequest & { includesSuperseded: boolean; newestFirst: boolean };

/**
 * The messages that everyone in the session may see, by `seq`, without those that were deleted. Long texts end a page
 * before `limit`, but it has at least one message, which is cut where it alone is too long.
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
  const isBeyond = page.newestFirst ? lt : gt;
  const isAfter = page.after === undefined ? undefined : isBeyond(messages.seq, cursorKey);
  const isCurrent = page.includesSuperseded ? undefined : isNotSuperseded;
  const wanted = and(isInTranscript, isAfter, isCurrent, isNull(messages.deletedAt));
  const inOrder = page.newestFirst ? desc : asc;
  const rank = page.newestFirst ? sql`-${messages.seq}` : sql`${messages.seq}`;
  // One row more than the page shows whether there are more.
  const nearest = sql`select ${messages.id} as id, ${rank} as rank,
      octet_length(${messages.content}) as raw
    from ${messages} where ${wanted} order by ${inOrder(messages.seq)} limit ${page.limit + 1}`;
  const ids = selectFitting({ nearest, bytes: rowBytes, limit: page.limit });
  const [session, cursor, matched, found] = await askDatabase(db, () =>
    db.batch([
      db.execute<{ owned: boolean }>(sql`select ${owned} as owned`),
      db.select({ id: messages.id }).from(messages).where(isCursor),
      db.execute<{ rows: number }>(sql`select count(*)::int as rows from (${nearest}) n`),
      db
        .select({ ...readableColumns(messages), ...cutContent(messageBytes(messages), maxPageBytes) })
        .from(messages)
        .where(inArray(messages.id, ids))
        .orderBy(inOrder(messages.seq)),
    ]),
  );
  return readFittingPage(page, { owned: session, cursor, matched, found });
}

/**
 * Takes a message out of every read and every later prompt, with the tool calls that led to it. The rows and what they
 * cost stay. Of two deletions one finds the message.
 * @throws PantheonError `not_found`.
 */
export async function softDeleteMessage(
  db: Db,
  scope: { sessionId: string; userId: string },
  id: string,
  now: Date,
): Promise<void> {
  const isMessage = sql`m.id = ${id} and m.session_id = ${scope.sessionId} and m.visibility = 'shared'
    and m.deleted_at is null and ${ownsSession(scope.sessionId, scope.userId)}`;
  const isOfMessage = sql`exists (select 1 from ${messages} m where ${isMessage} and (m.id = ${messages.id}
    or (${messages.visibility} = 'private' and m.run_id = ${messages.runId} and m.step = ${messages.step})))`;
  const [deleted] = await askDatabase(db, () =>
    db
      .update(messages)
      .set({ deletedAt: now })
      .where(and(eq(messages.sessionId, scope.sessionId), isNull(messages.deletedAt), isOfMessage))
      .returning({ id: messages.id }),
  );
  requireRow(deleted);
}

const isNotSuperseded = sql`not exists (
  select 1 from ${messages} later where later.supersedes_id = ${messages.id})`;

/** Bytes of a message as JSON. */
const rowBytes = sql`(select 600 + ${messageBytes({ content: sql`m.content`, partial: sql`m.partial` })}
  from ${messages} m where m.id = n.id)`;
