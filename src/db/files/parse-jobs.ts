import { and, eq, isNull, lt, ne, not, or, type SQL, sql } from "drizzle-orm";
import type { FileErrorCode } from "../../domain/files/file-error.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { filePages, files } from "../schema.ts";

/** A file that a parser has taken. Its row is the job; only the parser of the current attempt may write. */
export type ParseJob = { fileId: string; attempt: number; name: string };

/**
 * Takes a file that is `pending`, or whose parser's lease has run out, and that has an attempt left.
 * @returns undefined where the file is parsed, failed or deleted, has no attempt left, or another parser has it.
 */
export async function takeParseJob(db: Db, fileId: string, leaseMs: number): Promise<ParseJob | undefined> {
  const [taken] = await askDatabase(db, () =>
    db
      .update(files)
      .set({
        status: "parsing",
        attempt: sql`${files.attempt} + 1`,
        leaseUntil: sql`clock_timestamp() + ${leaseMs} * interval '1 millisecond'`,
      })
      .where(and(eq(files.id, fileId), isNull(files.deletedAt), or(isPending, isAbandoned), hasAttempt))
      .returning({ fileId: files.id, attempt: files.attempt, name: files.name }),
  );
  return taken;
}

const isPending = eq(files.status, "pending");
const isAbandoned = and(eq(files.status, "parsing"), sql`${files.leaseUntil} <= clock_timestamp()`);
const hasAttempt = lt(files.attempt, files.lastAttempt);

export type NewFilePage = { page: number; text: string; tokens: number };

/**
 * Stores pages of an attempt; pages that are stored already stay as they are. A parser that was replaced stores nothing.
 * @returns false where it was replaced.
 */
export async function storeFilePages(db: Db, job: ParseJob, pages: readonly NewFilePage[]): Promise<boolean> {
  const [current] = await askDatabase(db, () =>
    db.batch([
      db.select({ id: files.id }).from(files).where(isHeldBy(job)).for("no key update"),
      db.execute(sql`insert into ${filePages} (file_id, attempt, page, text, tokens)
        select ${job.fileId}::uuid, ${job.attempt}::int, p.page, p.text, p.tokens
        from jsonb_to_recordset(${JSON.stringify(pages)}::jsonb) as p(page int, text text, tokens int)
        where exists (select 1 from ${files} where ${isHeldBy(job)})
        on conflict do nothing`),
    ]),
  );
  return current.length > 0;
}

export type ParsedFile = {
  pageCount: number;
  pagesRead: number;
  tokens: number;
  preview: string;
  encodingGuessed: boolean;
};

/** Makes the pages of an attempt the file's text, and removes those of other attempts. */
export async function finishParseJob(db: Db, job: ParseJob, parsed: ParsedFile): Promise<boolean> {
  const [finished] = await askDatabase(db, () =>
    db.batch([
      db
        .update(files)
        .set({ ...parsed, status: "ready", readyAttempt: job.attempt, errorCode: null, leaseUntil: null })
        .where(isHeldBy(job))
        .returning({ id: files.id }),
      db
        .delete(filePages)
        .where(
          and(
            eq(filePages.fileId, job.fileId),
            ne(filePages.attempt, job.attempt),
            sql`exists (select 1 from ${files} where ${files.id} = ${job.fileId} and ${files.readyAttempt} = ${job.attempt})`,
          ),
        ),
    ]),
  );
  return finished.length > 0;
}

/** Ends a job whose file cannot be parsed. */
export async function failParseJob(db: Db, job: ParseJob, errorCode: FileErrorCode): Promise<void> {
  await askDatabase(db, () =>
    db.update(files).set({ status: "failed", errorCode, leaseUntil: null }).where(isHeldBy(job)),
  );
}

/** Puts the file back to `pending`, so that the next attempt may start as soon as its message comes. */
export async function releaseParseJob(db: Db, job: ParseJob): Promise<void> {
  await askDatabase(db, () =>
    db
      .update(files)
      .set({ status: "pending", leaseUntil: null, pendingSince: sql`clock_timestamp()` })
      .where(isHeldBy(job)),
  );
}

function isHeldBy({ fileId, attempt }: ParseJob): SQL | undefined {
  return and(eq(files.id, fileId), eq(files.attempt, attempt), eq(files.status, "parsing"));
}

const gaveUp = { status: "failed", errorCode: "parse_gave_up", leaseUntil: null } as const;

/**
 * Marks a file as failed after its last attempt. One that was parsed meanwhile, or that a parser holds, stays as it is.
 * @returns whether it was marked.
 */
export async function giveUpFile(db: Db, fileId: string): Promise<boolean> {
  const givenUp = await askDatabase(db, () =>
    db
      .update(files)
      .set(gaveUp)
      .where(and(eq(files.id, fileId), or(isPending, isAbandoned)))
      .returning({ id: files.id }),
  );
  return givenUp.length > 0;
}

/** In one run of the minute's job; the next minute takes the rest. */
const maxStaleFiles = 100;

/** `givenUp` files had no attempt left: each of their parsers ended without a result. They are marked as failed. */
export type StaleFiles = { waiting: string[]; givenUp: string[] };

/** Files that are pending since before `pendingBefore`, or whose parser's lease has run out: their message may be lost. */
export async function takeStaleFiles(db: Db, pendingBefore: Date): Promise<StaleFiles> {
  const isStale = and(
    isNull(files.deletedAt),
    or(and(isPending, lt(files.pendingSince, pendingBefore)), isAbandoned),
  );
  const [givenUp, waiting] = await askDatabase(db, () =>
    db.batch([
      db
        .update(files)
        .set(gaveUp)
        .where(and(isStale, not(hasAttempt)))
        .returning({ id: files.id }),
      db
        .select({ id: files.id })
        .from(files)
        .where(and(isStale, hasAttempt))
        .orderBy(files.pendingSince)
        .limit(maxStaleFiles),
    ]),
  );
  return { waiting: waiting.map(({ id }) => id), givenUp: givenUp.map(({ id }) => id) };
}
