import { runCommand } from "./command.ts";
import { checkDatabase } from "./local-database.ts";
import { applyMigrations } from "./migrate.ts";

const usageText = `Applies the migrations that a database lacks.
  DATABASE_URL=postgres://user:password@host/database npm run db:migrate
Neon: its direct connection, not the pooled one.`;

// Does what drizzle-kit's own migrate does, in the same journal; that one fails without saying why.
await runCommand(async () => {
  if (process.argv.includes("--help")) return console.log(usageText);
  const { DATABASE_URL: databaseUrl } = process.env;
  if (!databaseUrl) throw new Error("DATABASE_URL is missing: the database to migrate.");
  // A session's lock means nothing where a pooler hands each statement to another session.
  if (/-pooler\./.test(databaseUrl)) {
    throw new Error("DATABASE_URL: this is Neon's pooled connection; migrations need the direct one.");
  }
  const where = await checkDatabase(databaseUrl);
  const applied = await applyMigrations(databaseUrl);
  for (const name of applied) console.log(`Applied ${name}`);
  if (applied.length === 0) console.log("Nothing to apply");
  console.log(`${where} has every migration`);
});
