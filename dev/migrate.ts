import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";

const MIGRATIONS = fileURLToPath(new URL("../drizzle", import.meta.url));

/** Any number will do, as long as every process takes the same one. */
const MIGRATION_LOCK = 7_263_554_821;

/**
 * Applies the migrations of `drizzle/` that the database lacks. Two processes may do so at once:
 * the second waits for the first. Throws an Error with one line when one of them fails.
 */
export async function applyMigrations(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    await client.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
  } catch (error) {
    throw new Error(`A migration failed: ${rootMessage(error)}`);
  } finally {
    // Ending the session frees the lock.
    await client.end().catch(() => undefined);
  }
}

/** Drizzle wraps Postgres' error in one that repeats the whole statement; the cause says what is wrong. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootMessage(error.cause) : (error.message.split("\n")[0] ?? "");
}
