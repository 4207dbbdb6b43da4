import { invariants } from "../../../../dev/reconciliation.ts";
import type { Testbed } from "../testbed/testbed.ts";

type Sql = Testbed["sql"];

/** Compares all counters of the database with its ledger, as `npm run reconcile` does. */
export async function checkCounters(sql: Sql): Promise<string[]> {
  const found = await Promise.all(
    invariants.map(async ({ name, sql: text }) => {
      const { rows } = await sql.query(text);
      return rows.map((row) => `not so: ${name}: ${JSON.stringify(row)}`);
    }),
  );
  return found.flat();
}

/** The counters, and what a session at rest still holds. */
export async function checkMoney(sql: Sql, sessionId: string): Promise<string[]> {
  const differences = await checkCounters(sql);
  const { rows: holds } = await sql.query(
    `select h.run_id from budget_holds h join turn_claims c on c.run_id = h.run_id where c.session_id = $1`,
    [sessionId],
  );
  const counted = await sql.query(
    `select 1 from budgets b join budget_windows w on w.budget_id = b.id where b.session_id = $1 and w.spent > 0`,
    [sessionId],
  );
  const ledger = await sql.query("select 1 from llm_call_events where session_id = $1 and credits > 0", [
    sessionId,
  ]);
  return [
    ...differences,
    ...holds.map(({ run_id }) => `run ${run_id} still holds credits`),
    ...(ledger.rows.length > 0 && counted.rows.length === 0
      ? ["nothing was counted in the session's budget"]
      : []),
  ];
}

/** The database after all scenarios: every counter equals the ledger, and nothing is held. */
export async function checkMoneyAtRest(sql: Sql): Promise<{ line: string; violations: string[] }> {
  const { rows } = await sql.query(
    `select (select count(*) from budget_windows) as windows, (select count(*) from llm_call_events) as calls,
      (select count(*)::int from budget_holds) as holds`,
  );
  const [{ windows, calls, holds }] = rows;
  const differences = await checkCounters(sql);
  return {
    line: `reconciliation: ${differences.length} differences in ${windows} windows and ${calls} ledger rows; ${holds} holds`,
    violations: [...differences, ...(holds > 0 ? [`${holds} holds are left`] : [])],
  };
}
