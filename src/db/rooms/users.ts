import { sql } from "drizzle-orm";
import type { User } from "../../domain/user.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { users } from "../schema.ts";

/** Inserts the user's row, or updates its address to that of the latest token. */
export function upsertUser(db: Db, user: User, now: Date) {
  return db
    .insert(users)
    .values({ id: user.userId, email: user.email, createdAt: now })
    .onConflictDoUpdate({
      target: users.id,
      set: { email: sql`excluded.email` },
      setWhere: sql`${users.email} is distinct from excluded.email`,
    });
}

export async function storeUser(db: Db, user: User, now: Date): Promise<void> {
  await askDatabase(db, () => upsertUser(db, user, now));
}
