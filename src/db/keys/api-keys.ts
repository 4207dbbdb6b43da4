import { and, asc, eq, type SQL, sql } from "drizzle-orm";
import type { User } from "../../domain/user.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { requireRow } from "../core/require-row.ts";
import { upsertUser } from "../rooms/users.ts";
import { apiKeys, users } from "../schema.ts";

export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type NewApiKeyRow = Pick<ApiKeyRow, "id" | "name" | "hash" | "ending">;

/** Inserts a key. @returns undefined where the user has `capacity` keys. */
export async function insertApiKey(
  db: Db,
  user: User,
  row: NewApiKeyRow,
  { capacity, now }: { capacity: number; now: Date },
): Promise<ApiKeyRow | undefined> {
  const isRoomLeft = sql`(select count(*) from ${apiKeys} k where k.user_id = ${user.userId}) < ${capacity}::int`;
  const [, , , [inserted]] = await askDatabase(db, () =>
    db.batch([
      upsertUser(db, user, now),
      db.select({ id: users.id }).from(users).where(eq(users.id, user.userId)).for("no key update"),
      db.execute(insertWhere(user, row, now, isRoomLeft)),
      db.select(readableColumns(apiKeys)).from(apiKeys).where(eq(apiKeys.id, row.id)),
    ]),
  );
  return inserted;
}

function insertWhere(
  { userId }: User,
  { id, name, hash, ending }: NewApiKeyRow,
  now: Date,
  condition: SQL,
): SQL {
  return sql`insert into ${apiKeys} (id, user_id, name, hash, ending, created_at)
    select ${id}::uuid, ${userId}::text, ${name}::text, ${hash}::text, ${ending}::text,
      ${now.toISOString()}::timestamptz where ${condition}`;
}

/** A page of the user's keys, oldest first. */
export async function loadApiKeys(db: Db, userId: string, page: PageRequest): Promise<Page<ApiKeyRow>> {
  const isOwn = eq(apiKeys.userId, userId);
  const isCursor = and(isOwn, sql`${apiKeys.id} = ${page.after ?? null}::uuid`);
  const cursorKey = sql`(select ${apiKeys.createdAt}, ${apiKeys.id} from ${apiKeys} where ${isCursor})`;
  const isAfter =
    page.after === undefined ? undefined : sql`(${apiKeys.createdAt}, ${apiKeys.id}) > ${cursorKey}`;
  const [cursor, found] = await askDatabase(db, () =>
    db.batch([
      db.select({ id: apiKeys.id }).from(apiKeys).where(isCursor),
      db
        .select(readableColumns(apiKeys))
        .from(apiKeys)
        .where(and(isOwn, isAfter))
        .orderBy(asc(apiKeys.createdAt), asc(apiKeys.id))
        .limit(page.limit + 1),
    ]),
  );
  return readPage(page, cursor.length > 0, found);
}

/** @throws PantheonError `not_found` where the key is not the user's. */
export async function deleteApiKey(db: Db, userId: string, id: string): Promise<void> {
  const [deleted] = await askDatabase(db, () =>
    db
      .delete(apiKeys)
      .where(and(eq(apiKeys.id, id), eq(apiKeys.userId, userId)))
      .returning({ id: apiKeys.id }),
  );
  requireRow(deleted);
}

/** The key of this hash and its user, noting that it is used; undefined: there is none. One request to the database. */
export async function useApiKey(
  db: Db,
  hash: string,
  now: Date,
): Promise<{ id: string; user: User } | undefined> {
  const { rows } = await askDatabase(db, () =>
    db.execute<{ id: string; user_id: string; email: string | null }>(sql`
      update ${apiKeys} k set last_used_at = ${now.toISOString()}::timestamptz from ${users} u
      where k.hash = ${hash} and u.id = k.user_id returning k.id, u.id as user_id, u.email`),
  );
  const [row] = rows;
  return row && { id: row.id, user: { userId: row.user_id, email: row.email } };
}
