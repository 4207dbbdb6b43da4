import { and, desc, eq, isNull, type SQL, sql } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import { type FileLimits, maxParseAttempts } from "../../domain/files/file-limits.ts";
import { askDatabase, type Db, repeatIfLost } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { isOwnedRoom, ownedRoomId, type RoomScope, selectRoomId } from "../rooms/owned-room.ts";
import { filePages, files, rooms, users } from "../schema.ts";

export type FileRow = typeof files.$inferSelect;

export type NewFileRow = Pick<
  FileRow,
  "id" | "roomId" | "userId" | "name" | "mediaType" | "bytes" | "sha256" | "idempotencyKey" | "createdAt"
>;

/** The result of inserting a file's row. Where it was not inserted, no row refers to the bytes. */
export type InsertedFile =
  | { kind: "inserted"; file: FileRow }
  /** The room already has these bytes, or a file under this key. */
  | { kind: "existing"; file: FileRow; hasSameKey: boolean }
  | { kind: "room_full" }
  | { kind: "user_full" };

/**
 * Inserts a file where room and user have space for it, decided under locks on both. Where the answer is lost, it asks again:
 * the row may be there already.
 * @throws PantheonError `not_found` where the room is not the user's; `database_unavailable` where the row may be there.
 */
export async function insertFile(db: Db, file: NewFileRow, limits: FileLimits): Promise<InsertedFile> {
  const scope = { roomId: file.roomId, userId: file.userId };
  const [, room, byKey, byBytes, inserted, [usage]] = await repeatIfLost(db, () =>
    db.batch([
      db.select({ id: users.id }).from(users).where(eq(users.id, file.userId)).for("no key update"),
      selectRoomId(db, scope).for("no key update"),
      db
        .select(readableColumns(files))
        .from(files)
        .where(and(isActiveIn(scope), sql`${files.idempotencyKey} = ${file.idempotencyKey}::text`)),
      db
        .select(readableColumns(files))
        .from(files)
        .where(and(isActiveIn(scope), eq(files.sha256, file.sha256))),
      db
        .insert(files)
        .select(insertedFile(db, file, limits))
        .returning(readableColumns(files)),
      selectUsage(db, scope),
    ]),
  );
  if (room.length === 0) throw notFound();
  const stored = inserted[0] ?? byBytes.find(({ id }) => id === file.id);
  if (stored !== undefined) return { kind: "inserted", file: stored };
  if (byKey[0] !== undefined) return { kind: "existing", file: byKey[0], hasSameKey: true };
  if (byBytes[0] !== undefined) return { kind: "existing", file: byBytes[0], hasSameKey: false };
  const isRoomFull =
    (usage?.roomFiles ?? 0) >= limits.maxRoomFiles ||
    (usage?.roomBytes ?? 0) + file.bytes > limits.maxRoomBytes;
  return { kind: isRoomFull ? "room_full" : "user_full" };
}

/** Selects the new row; none where it is stored already or there is no space. */
function insertedFile(db: Db, file: NewFileRow, limits: FileLimits) {
  const scope = { roomId: file.roomId, userId: file.userId };
  const createdAt = sql`${file.createdAt.toISOString()}::timestamptz`;
  const hasSpace = sql`
    ${roomFiles(scope)} < ${limits.maxRoomFiles}
    and ${roomBytes(scope)} + ${file.bytes} <= ${limits.maxRoomBytes}
    and ${userBytes(scope)} + ${file.bytes} <= ${limits.maxUserBytes}`;
  const isNew = sql`not exists (select 1 from ${files} where ${isActiveIn(scope)}
    and (${files.sha256} = ${file.sha256} or ${files.idempotencyKey} = ${file.idempotencyKey}::text))`;
  return db
    .select({
      id: sql`${file.id}::uuid`.as("id"),
      roomId: rooms.id,
      userId: rooms.ownerUserId,
      name: sql`${file.name}::text`.as("name"),
      mediaType: sql`${file.mediaType}::text`.as("media_type"),
      bytes: sql`${file.bytes}::int`.as("bytes"),
      sha256: sql`${file.sha256}::text`.as("sha256"),
      status: sql`'pending'`.as("status"),
      attempt: sql`0`.as("attempt"),
      lastAttempt: sql`${maxParseAttempts}::int`.as("last_attempt"),
      leaseUntil: sql`null::timestamptz`.as("lease_until"),
      readyAttempt: sql`null::int`.as("ready_attempt"),
      pageCount: sql`null::int`.as("page_count"),
      pagesRead: sql`null::int`.as("pages_read"),
      tokens: sql`null::int`.as("tokens"),
      errorCode: sql`null::text`.as("error_code"),
      preview: sql`null::text`.as("preview"),
      encodingGuessed: sql`false`.as("encoding_guessed"),
      idempotencyKey: sql`${file.idempotencyKey}::text`.as("idempotency_key"),
      createdAt: createdAt.as("created_at"),
      pendingSince: createdAt.as("pending_since"),
      deletedAt: sql`null::timestamptz`.as("deleted_at"),
    })
    .from(rooms)
    .where(and(isOwnedRoom(scope), isNew, hasSpace));
}

export type FileUsage = { roomFiles: number; roomBytes: number; userBytes: number };

/**
 * What room and user have stored. It is read before an upload's bytes, so that one that cannot fit ends early.
 * @throws PantheonError `not_found` where the room is not the user's.
 */
export async function loadFileUsage(db: Db, scope: RoomScope): Promise<FileUsage> {
  const [room, [usage]] = await askDatabase(db, () =>
    db.batch([selectRoomId(db, scope), selectUsage(db, scope)]),
  );
  if (room.length === 0 || usage === undefined) throw notFound();
  return usage;
}

function selectUsage(db: Db, scope: RoomScope) {
  return db
    .select({
      roomFiles: roomFiles(scope).mapWith(Number),
      roomBytes: roomBytes(scope).mapWith(Number),
      userBytes: userBytes(scope).mapWith(Number),
    })
    .from(users)
    .where(eq(users.id, scope.userId));
}

const roomFiles = ({ roomId }: RoomScope) =>
  sql`(select count(*) from ${files} where ${files.roomId} = ${roomId} and ${files.deletedAt} is null)`;
const roomBytes = ({ roomId }: RoomScope) =>
  sql`(select coalesce(sum(${files.bytes}), 0) from ${files} where ${files.roomId} = ${roomId} and ${files.deletedAt} is null)`;
const userBytes = ({ userId }: RoomScope) =>
  sql`(select coalesce(sum(${files.bytes}), 0) from ${files} where ${files.userId} = ${userId} and ${files.deletedAt} is null)`;

function isActiveIn(scope: RoomScope): SQL | undefined {
  return and(sql`${files.roomId} = ${ownedRoomId(scope)}`, isNull(files.deletedAt));
}

/** A file that is not deleted and whose room is the user's. */
function isOwnedFile(userId: string, fileId: string): SQL | undefined {
  return and(
    eq(files.id, fileId),
    isNull(files.deletedAt),
    sql`exists (select 1 from ${rooms} where ${rooms.id} = ${files.roomId}
      and ${rooms.ownerUserId} = ${userId} and ${rooms.deletedAt} is null)`,
  );
}

/** @throws PantheonError `not_found`. */
export async function loadFile(db: Db, userId: string, fileId: string): Promise<FileRow> {
  const [file] = await askDatabase(db, () =>
    db.select(readableColumns(files)).from(files).where(isOwnedFile(userId, fileId)),
  );
  if (file === undefined) throw notFound();
  return file;
}

/** The room's files, newest first. @throws PantheonError `not_found` where the room is not the user's. */
export async function loadFiles(db: Db, scope: RoomScope, page: PageRequest): Promise<Page<FileRow>> {
  const isInRoom = sql`${files.roomId} = ${ownedRoomId(scope)}`;
  const isCursor = and(isInRoom, sql`${files.id} = ${page.after ?? null}::uuid`);
  const cursorKey = sql`(select ${files.createdAt}, ${files.id} from ${files} where ${isCursor})`;
  const isBeyond =
    page.after === undefined ? undefined : sql`(${files.createdAt}, ${files.id}) < ${cursorKey}`;
  const [room, cursor, found] = await askDatabase(db, () =>
    db.batch([
      selectRoomId(db, scope),
      db.select({ id: files.id }).from(files).where(isCursor),
      db
        .select(readableColumns(files))
        .from(files)
        .where(and(isInRoom, isNull(files.deletedAt), isBeyond))
        .orderBy(desc(files.createdAt), desc(files.id))
        .limit(page.limit + 1),
    ]),
  );
  if (room.length === 0) throw notFound();
  return readPage(page, cursor.length > 0, found);
}

export type FilePageRow = { page: number; text: string; tokens: number };

/** How many characters of pages are read at once: an answer of Neon's endpoint has 10 MiB at most. */
const maxReadCharacters = 1_000_000;

/**
 * Pages of the file's text, in order. Long pages end the list before `to`.
 * @throws PantheonError `not_found`.
 */
export async function loadFilePages(
  db: Db,
  userId: string,
  fileId: string,
  { from, to }: { from: number; to: number },
): Promise<{ file: FileRow; pages: FilePageRow[] }> {
  const upTo = sql`sum(length(${filePages.text})) over (order by ${filePages.page})`;
  const bounded = db
    .select({ page: filePages.page, text: filePages.text, tokens: filePages.tokens, upTo: upTo.as("up_to") })
    .from(filePages)
    .innerJoin(files, and(eq(files.id, filePages.fileId), eq(files.readyAttempt, filePages.attempt)))
    .where(and(isOwnedFile(userId, fileId), sql`${filePages.page} between ${from} and ${to}`))
    .as("bounded");
  const [[file], pages] = await askDatabase(db, () =>
    db.batch([
      db.select(readableColumns(files)).from(files).where(isOwnedFile(userId, fileId)),
      db
        .select({ page: bounded.page, text: bounded.text, tokens: bounded.tokens })
        .from(bounded)
        .where(sql`${bounded.upTo} - length(${bounded.text}) < ${maxReadCharacters}`)
        .orderBy(bounded.page),
    ]),
  );
  if (file === undefined) throw notFound();
  return { file, pages };
}

/** No read finds the file from now on. Its bytes and text are deleted later. @throws PantheonError `not_found`. */
export async function softDeleteFile(db: Db, userId: string, fileId: string, now: Date): Promise<void> {
  const deleted = await askDatabase(db, () =>
    db.update(files).set({ deletedAt: now }).where(isOwnedFile(userId, fileId)).returning({ id: files.id }),
  );
  if (deleted.length === 0) throw notFound();
}

/**
 * Puts a file whose parsing failed back to `pending`, with as many attempts as a new file has. A file in another state stays as it is.
 * @throws PantheonError `not_found`.
 */
export async function resetFile(db: Db, userId: string, fileId: string, now: Date): Promise<FileRow> {
  const isFailed = and(isOwnedFile(userId, fileId), eq(files.status, "failed"));
  const [, [file]] = await askDatabase(db, () =>
    db.batch([
      db
        .update(files)
        .set({
          status: "pending",
          errorCode: null,
          pendingSince: now,
          lastAttempt: sql`${files.attempt} + ${maxParseAttempts}`,
        })
        .where(isFailed),
      db.select(readableColumns(files)).from(files).where(isOwnedFile(userId, fileId)),
    ]),
  );
  if (file === undefined) throw notFound();
  return file;
}
