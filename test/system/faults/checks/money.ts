import { invariants } from "../../../../dev/reconciliation.ts";
import type { Testbed } from "../testbed/testbed.ts";

/** Compares all counters with the ledger, and finds what a session at rest still holds. */
export async function checkMoney(sql: Testbed["sql"], sessionId: string): Promise<string[]> {
  const found = await Promise.all(
    invariants.map(async ({ name, sql: text }) => {
      const { rows } = await sql.query(text);
      return rows.map((row) => `not so: ${name}: ${JSON.stringify(row)}`);
    }),
  );
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
    ...found.flat(),
    ...holds.map(({ run_id }) => `run ${run_id} still holds credits`),
    ...(ledger.rows.length > 0 && counted.rows.length === 0
      ? ["nothing was counted in the session's budget"]
      : []),
  ];
}
