import { sql } from "drizzle-orm";
import type { FileErrorCode } from "../../domain/files/file-error.ts";
import type { FilePage } from "../../domain/files/file-library.ts";
import type { FileStatus } from "../../domain/files/file-status.ts";
import { attachmentBounds, type FileCard, noFiles, type RoomFiles } from "../../domain/files/turn-files.ts";
import { filePages, files, rooms, sessions, turnClaims } from "../schema.ts";

/** Files that prompts show. */
const maxCards = sql.raw("50");

/** Files whose names the message has: more than it can attach, since one name may begin with another. */
const maxMentioned = sql.raw("8");

/** Characters of the message in which files may be named. */
const headCharacters = sql.raw("4000");

const maxTokens = sql.raw(String(attachmentBounds.tokens));
const maxPages = sql.raw(String(attachmentBounds.pages));

/**
 * The newest files of a run's room, and the text of those that the message may attach. A run without an agent that may
 * read files has no rows, and so has a request that holds no claim. A subquery with the placeholders `sessionId`, `holder`
 * and `userId`.
 */
export const turnFilesOfClaim = sql`
    with run as materialized (
      select r.id as room_id,
        regexp_replace(left(c.request ->> 'message', ${headCharacters}), 'file:[ \\t]?"?', 'file:', 'gi') as head
      from ${turnClaims} c join ${sessions} s on s.id = c.session_id join ${rooms} r on r.id = s.room_id
      where c.session_id = ${sql.placeholder("sessionId")} and c.holder = ${sql.placeholder("holder")}::uuid
        and s.deleted_at is null and r.deleted_at is null and r.owner_user_id = ${sql.placeholder("userId")}
        and exists (select 1 from jsonb_array_elements(c.snapshot -> 'roster') a
          where a -> 'toolPermissions' @> '["file_read"]')
    ), newest as (
      select f.id from ${files} f join run on f.room_id = run.room_id
      where f.deleted_at is null order by f.created_at desc, f.id desc limit ${maxCards}
    ), mentioned as (
      select f.id from ${files} f join run on f.room_id = run.room_id
      where f.deleted_at is null and strpos(run.head, 'file:') > 0
        and (strpos(run.head, 'file:' || f.name) > 0 or strpos(lower(run.head), 'file:' || f.id) > 0)
      order by length(f.name) desc, f.created_at desc, f.id desc limit ${maxMentioned}
    )
    select f.id, f.name, f.status, f.error_code, f.page_count, f.pages_read, f.tokens, f.preview,
      n.id is not null as is_newest, m.id is not null as is_mentioned,
      (select count(*)::int from ${files} a where a.room_id = f.room_id and a.deleted_at is null) as total,
      case when m.id is not null and f.status = 'ready' and f.tokens <= ${maxTokens} and f.pages_read <= ${maxPages}
        then (select jsonb_agg(jsonb_build_object('page', p.page, 'text', p.text, 'tokens', p.tokens) order by p.page)
          from ${filePages} p where p.file_id = f.id and p.attempt = f.ready_attempt) end as pages
    from ${files} f left join newest n on n.id = f.id left join mentioned m on m.id = f.id
    where n.id is not null or m.id is not null
    order by f.created_at desc, f.id desc`;

export type TurnFileRow = {
  id: string;
  name: string;
  status: FileStatus;
  error_code: FileErrorCode | null;
  page_count: number | null;
  pages_read: number | null;
  tokens: number | null;
  preview: string | null;
  is_newest: boolean;
  is_mentioned: boolean;
  total: number;
  pages: FilePage[] | null;
};

export function readTurnFiles(rows: readonly TurnFileRow[]): RoomFiles {
  const [first] = rows;
  if (first === undefined) return noFiles;
  return {
    cards: rows.filter((row) => row.is_newest).map(toCard),
    total: first.total,
    mentioned: rows.filter((row) => row.is_mentioned).map((row) => ({ file: toCard(row), pages: row.pages })),
  };
}

function toCard(row: TurnFileRow): FileCard {
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    errorCode: row.error_code,
    pageCount: row.page_count,
    pagesRead: row.pages_read,
    tokens: row.tokens,
    preview: row.preview,
  };
}
