import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import journal from "../drizzle/meta/_journal.json" with { type: "json" };

const migrationsDir = fileURLToPath(new URL("../drizzle", import.meta.url));

/** Any number will do, as long as every process takes the same one. */
const migrationLock = 7_263_554_821;

/**
 * Applies the migrations of `drizzle/` that the database lacks, and gives their names. Two processes may do so at
 * once: the second waits for the first. Throws an Error with one line when one of them fails.
 */
export async function applyMigrations(connectionString: string): Promise<string[]> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    const before = await readAppliedTimes(client);
    await migrate(drizzle(client), { migrationsFolder: migrationsDir });
    const applied = await readAppliedTimes(client);
    return journal.entries.filter(({ when }) => applied.has(when) && !before.has(when)).map(({ tag }) => tag);
  } catch (error) {
    throw new Error(`A migration failed: ${rootMessage(error)}`);
  } finally {
    // Ending the session frees the lock.
    await client.end().catch(() => undefined);
  }
}

/** When each applied migration was made: its key in drizzle's journal. */
async function readAppliedTimes(client: pg.Client): Promise<Set<number>> {
  const { rows } = await client.query(
    "select to_regclass('drizzle.__drizzle_migrations') is not null as found",
  );
  if (!rows[0].found) return new Set();
  const applied = await client.query("select created_at from drizzle.__drizzle_migrations");
  return new Set(applied.rows.map(({ created_at }) => Number(created_at)));
}

/** Drizzle wraps Postgres' error in one that repeats the whole statement; the cause says what is wrong. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootMessage(error.cause) : (error.message.split("\n")[0] ?? "");
}
