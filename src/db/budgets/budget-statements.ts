import { type SQL, sql } from "drizzle-orm";
import type { BudgetScope } from "../../domain/billing/budget.ts";
import { budgetHolds, budgets, budgetWindows, llmCallEvents, toolCallEvents } from "../schema.ts";

/** Whose budget it is: the id of a user, a room or a session. */
export type BudgetTarget = { scope: BudgetScope; id: string };

/** What a target's id is compared with in a budget, and in a row of the ledger. */
export function isOfTarget({ scope, id }: BudgetTarget): SQL {
  switch (scope) {
    case "user":
      return sql`user_id = ${id}`;
    case "room":
      return sql`room_id = ${id}::uuid`;
    case "session":
      return sql`session_id = ${id}::uuid`;
  }
}

/** When a run was opened; rows of earlier versions have their own time. */
export const openedAt = sql`coalesce(opened_at, created_at)`;

/**
 * The first statement of a batch that makes a budget or raises a wallet. A commit also locks its user's row, since rows of
 * the ledger refer to it. So commits in flight end before the sum of the rows is taken, and later commits find the budget.
 */
export function lockPayer(userId: SQL): SQL {
  return sql`select id from users where id = ${userId} for update`;
}

/** Makes the current windows of a target's budgets where they are missing, each with the sum of its rows. */
export function insertWindows(target: BudgetTarget): SQL {
  const start = sql`budget_window_start(b.period, greatest(now(), b.created_at))`;
  return sql`
    insert into ${budgetWindows} (budget_id, window_start, spent)
    select b.id, b.start, (select coalesce(sum(x.credits), 0) from (
        select credits from ${llmCallEvents} where ${isOfTarget(target)} and ${openedAt} >= b.start
        union all
        select credits_charged from ${toolCallEvents} where ${isOfTarget(target)} and ${openedAt} >= b.start) x)
    from (select b.id, ${start} as start from ${budgets} b where ${isOfTarget(target)}) b
    where not exists (select 1 from ${budgetWindows} w where w.budget_id = b.id and w.window_start = b.start)
    order by b.id
    on conflict do nothing`;
}

/** The columns of a budget in its current period, of `budgets b`. */
export const budgetColumns = sql`
  b.id, b.period, b.set_by_operator as "setByOperator",
  case when b.user_id is not null then 'user' when b.room_id is not null then 'room' else 'session' end as scope,
  coalesce(b.user_id, b.room_id::text, b.session_id::text) as "scopeId",
  b.limit_credits::text as "limit",
  coalesce(w.spent, 0)::numeric(28, 8)::text as spent,
  (select coalesce(sum(h.amount), 0) from ${budgetHolds} h where h.budget_id = b.id
    and h.window_start = budget_window_start(b.period, greatest(now(), b.created_at)))::numeric(28, 8)::text as held,
  case when b.period <> 'ever' then extract(epoch from (budget_window_start(b.period, greatest(now(), b.created_at))
    at time zone 'UTC' + ('1 ' || b.period)::interval) at time zone 'UTC')::bigint::text end as "resetsAt"`;

/** `budgets b` with the window of the current period, where it has one. */
export const currentBudgets = sql`${budgets} b left join ${budgetWindows} w on w.budget_id = b.id
  and w.window_start = budget_window_start(b.period, greatest(now(), b.created_at))`;
