import type { Sql } from "../../support/sql.ts";

export type BudgetOf = { userId: string } | { roomId: string } | { sessionId: string };
export type Period = "ever" | "day" | "month";

/** A budget, past the application: what has been spent before counts. */
export async function insertBudget(
  sql: Sql,
  scope: BudgetOf,
  { limit, period = "ever" }: { limit: string | null; period?: Period },
): Promise<string> {
  const id = crypto.randomUUID();
  const { userId = null, roomId = null, sessionId = null } = scope as Partial<Record<string, string>>;
  const isWallet = userId !== null && period === "ever";
  await sql.transaction([
    sql`insert into credit_grants (id, user_id, amount, idempotency_key, granted_by, created_at)
      select gen_random_uuid(), ${userId}, ${limit}, 'first', 'test', now() where ${isWallet}::boolean and ${limit}::numeric > 0`,
    sql`insert into budgets (id, user_id, room_id, session_id, period, limit_credits, created_at, updated_at)
      values (${id}, ${userId}, ${roomId}, ${sessionId}, ${period}, ${limit}, now(), now())`,
    sql`insert into budget_windows (budget_id, window_start)
      values (${id}, budget_window_start(${period}, now()))`,
  ]);
  return id;
}

/** What is spent and held of a budget, all its windows together. */
export async function readBudget(sql: Sql, id: string): Promise<{ spent: string; held: string }> {
  const [row] = await sql`select
    (select coalesce(sum(spent), 0)::numeric(28, 8)::text from budget_windows where budget_id = ${id}) as spent,
    (select coalesce(sum(amount), 0)::numeric(20, 8)::text from budget_holds where budget_id = ${id}) as held`;
  return { spent: row?.spent, held: row?.held };
}
