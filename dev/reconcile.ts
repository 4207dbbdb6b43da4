import pg from "pg";
import { runCommand } from "./command.ts";
import { checkDatabase } from "./local-database.ts";
import { invariants, remarks } from "./reconciliation.ts";

const usageText = `Compares the counters of budgets, wallets and usage with the ledger, to the last digit.
  DATABASE_URL=postgres://user:password@host/database npm run reconcile
Prints the differences, and ends with exit code 1 where there is one. Turns may run meanwhile.`;

await runCommand(async () => {
  if (process.argv.includes("--help")) return console.log(usageText);
  const { DATABASE_URL: connectionString } = process.env;
  if (!connectionString) throw new Error("DATABASE_URL is missing: the database to check.");
  const where = await checkDatabase(connectionString);
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    let differences = 0;
    for (const { name, sql } of invariants) {
      const { rows } = await client.query(sql);
      differences += rows.length;
      console.log(`${rows.length} differences: ${name}`);
      if (rows.length > 0) console.table(rows);
    }
    for (const { name, sql } of remarks) {
      const { rows } = await client.query(sql);
      if (rows.length > 0) console.log(`${rows.length} ${name}`);
    }
    if (differences > 0) throw new Error(`${where}: ${differences} differences`);
    console.log(`${where}: no difference`);
  } finally {
    await client.end();
  }
});
