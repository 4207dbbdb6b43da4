import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import type pg from "pg";
import journal from "../../../drizzle/meta/_journal.json" with { type: "json" };

const migrationsDir = fileURLToPath(new URL("../../../drizzle", import.meta.url));

/** Applies the committed migrations that come before `tag`. */
export async function applyMigrationsBefore(client: pg.Client, tag: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "pantheon-migrations-"));
  await cp(migrationsDir, dir, { recursive: true });
  const entries = journal.entries.slice(
    0,
    journal.entries.findIndex((entry) => entry.tag === tag),
  );
  await writeFile(join(dir, "meta/_journal.json"), JSON.stringify({ ...journal, entries }));
  await migrate(drizzle(client), { migrationsFolder: dir });
  await rm(dir, { recursive: true });
}
