import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import type {
  FileLibrary,
  FilePage,
  FileReading,
  FileSearch,
  FileSearchResult,
  FoundPage,
  PageSelection,
  RoomFile,
} from "../../domain/files/file-library.ts";
import type { RunIdentity } from "../../domain/run-identity.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { filePages, files, rooms, sessions } from "../schema.ts";
import { searchPages } from "./page-search.ts";

/** The files of a run's room, for its tools. */
export function createFileLibrary(db: Db): FileLibrary {
  return {
    readPages: (run, selection) => readPages(db, run, selection),
    search: (run, search) => searchFiles(db, run, search),
  };
}

/** A file of the run's room that is not deleted. Room and session are the user's, and not deleted either. */
function isInRoomOf({ userId, roomId, sessionId }: RunIdentity): SQL | undefined {
  return and(
    eq(files.roomId, roomId),
    isNull(files.deletedAt),
    sql`exists (select 1 from ${sessions} s join ${rooms} r on r.id = s.room_id
      where s.id = ${sessionId} and s.deleted_at is null
        and r.id = ${files.roomId} and r.owner_user_id = ${userId} and r.deleted_at is null)`,
  );
}

const roomFile = {
  id: files.id,
  name: files.name,
  status: files.status,
  errorCode: files.errorCode,
  pageCount: files.pageCount,
  pagesRead: files.pagesRead,
  tokens: files.tokens,
};

/** Characters of a page that are read: more never fits into a result. */
const maxReadCharacters = 40_000;

/** One statement: a file that is deleted meanwhile is there with its pages, or not at all. */
async function readPages(
  db: Db,
  run: RunIdentity,
  { fileId, from, to, maxTokens }: PageSelection,
): Promise<FileReading | undefined> {
  const before = sql<number>`sum(${filePages.tokens}) over (order by ${filePages.page}) - ${filePages.tokens}`;
  const selected = db
    .select({
      page: filePages.page,
      text: sql<string>`left(${filePages.text}, ${maxReadCharacters})`.as("text"),
      tokens: sql<number>`${filePages.tokens}`.as("page_tokens"),
      before: before.as("before"),
    })
    .from(filePages)
    .where(
      and(
        eq(filePages.fileId, files.id),
        eq(filePages.attempt, files.readyAttempt),
        sql`${filePages.page} between ${from} and ${to}`,
      ),
    )
    .as("selected");
  const rows = await askDatabase(db, () =>
    db
      .select({ file: roomFile, page: selected.page, text: selected.text, tokens: selected.tokens })
      .from(files)
      .leftJoinLateral(selected, sql`${selected.before} <= ${maxTokens}`)
      .where(and(eq(files.id, fileId), isInRoomOf(run)))
      .orderBy(selected.page),
  );
  const file = rows[0]?.file;
  if (file === undefined) return undefined;
  const pages = rows.flatMap(({ page, text, tokens }): FilePage[] =>
    page === null || text === null || tokens === null ? [] : [{ page, text, tokens }],
  );
  return { file, pages };
}

/** Milliseconds of a search. A query of common words may match every page of a large room. */
const maxSearchMs = 5_000;

async function searchFiles(db: Db, run: RunIdentity, search: FileSearch): Promise<FileSearchResult> {
  const { fileIds } = search;
  const isNamed = sql`${files.id} = any(${toUuids(fileIds ?? [])})`;
  const isSearched = and(isInRoomOf(run), eq(files.status, "ready"), fileIds === null ? undefined : isNamed);
  const [, named, found] = await askDatabase(db, () =>
    db.batch([
      db.execute(sql`select set_config('statement_timeout', ${String(maxSearchMs)}, true)`),
      db
        .select(roomFile)
        .from(files)
        .where(and(isInRoomOf(run), isNamed)),
      db.execute<FoundRow>(
        searchPages(
          sql`select ${files.id} as id, ${files.name} as name,
        ${files.readyAttempt} as attempt from ${files} where ${isSearched}`,
          search,
        ),
      ),
    ]),
  );
  return { files: named satisfies RoomFile[], found: found.rows.map(toFoundPage) };
}

/** A list for Postgres in one parameter. */
function toUuids(ids: readonly string[]): SQL {
  return sql`array(select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)::uuid)`;
}

type FoundRow = { file_id: string; name: string; page: number; text: string; words: string[] };

function toFoundPage({ file_id: fileId, ...page }: FoundRow): FoundPage {
  return { fileId, ...page };
}
