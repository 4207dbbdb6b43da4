import { type SQL, sql } from "drizzle-orm";
import type { BudgetPeriod, BudgetScope } from "../../domain/billing/budget.ts";
import { PantheonError } from "../../domain/errors.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { requireRow } from "../core/require-row.ts";
import { budgets, rooms, sessions, users } from "../schema.ts";
import { type AdminEvent, insertAdminEvent } from "./admin-events.ts";
import {
  type BudgetTarget,
  budgetColumns,
  currentBudgets,
  insertWindows,
  isOfTarget,
  lockPayer,
} from "./budget-statements.ts";

/** A budget in its current period. Amounts are decimals of credits. */
export type BudgetRow = {
  id: string;
  scope: BudgetScope;
  scopeId: string;
  period: BudgetPeriod;
  /** Null: no limit. */
  limit: string | null;
  spent: string;
  held: string;
  setByOperator: boolean;
  /** Seconds of the epoch, in digits; null: never. */
  resetsAt: string | null;
};

export type BudgetChange = {
  /** Id of a new budget. */
  id: string;
  target: BudgetTarget;
  period: BudgetPeriod;
  limit: string | null;
  /** The owner, whose the target must be; null: an operator. */
  ownerId: string | null;
  /** What goes on record of an operator's act; null: the owner's. */
  event: AdminEvent | null;
};

/**
 * Sets a limit. A new budget counts what was spent in its current period before. The owner may only lower a limit that an
 * operator set.
 * @throws PantheonError `not_found` where the target is not the owner's, `budget_set_by_operator`.
 */
export async function setBudget(db: Db, change: BudgetChange): Promise<BudgetRow> {
  const { target, period, event } = change;
  const [, owned, , , , { rows }] = await askDatabase(db, () =>
    db.batch([
      db.execute(lockTarget(target)),
      db.execute<{ id: string }>(lockPayer(payerOf(change))),
      db.execute(insertBudget(change)),
      db.execute(insertWindows(target)),
      db.execute(
        event === null
          ? sql`select 1`
          : insertAdminEvent(event, sql`from ${users} u where u.id = ${payerOf(change)}`),
      ),
      db.execute<BudgetRow>(sql`select ${budgetColumns} from ${currentBudgets}
        where ${isOfTarget(target)} and b.period = ${period}`),
    ]),
  );
  requireRow(owned.rows[0]);
  const row = requireRow(rows[0]);
  if (row.limit !== change.limit) {
    throw new PantheonError("budget_set_by_operator", "An operator set this limit. You may only lower it.");
  }
  return row;
}

/**
 * A commit locks its session, then the payer, whom its ledger rows refer to. The budget's row refers to the session: without
 * this statement it would be locked after the payer, and each would wait for the other.
 */
function lockTarget({ scope, id }: BudgetTarget): SQL {
  return scope === "session" ? sql`select id from ${sessions} where id = ${id} for key share` : sql`select 1`;
}

/** The user who pays for a target's runs: no row where the target is not the owner's. */
function payerOf({ target: { scope, id }, ownerId }: BudgetChange): SQL {
  const isOwned = ownerId === null ? sql`true` : sql`r.owner_user_id = ${ownerId}`;
  switch (scope) {
    case "user":
      return sql`${id}`;
    case "room":
      return sql`(select r.owner_user_id from ${rooms} r where r.id = ${id} and r.deleted_at is null and ${isOwned})`;
    case "session":
      return sql`(select r.owner_user_id from ${sessions} s join ${rooms} r on r.id = s.room_id
        where s.id = ${id} and s.deleted_at is null and r.deleted_at is null and ${isOwned})`;
  }
}

function insertBudget(change: BudgetChange): SQL {
  const { id, target, period, limit, ownerId } = change;
  const column = sql.identifier(`${target.scope}_id`);
  const value = target.scope === "user" ? sql`${target.id}::text` : sql`${target.id}::uuid`;
  const byOperator = ownerId === null;
  return sql`
    insert into ${budgets} as b (id, ${column}, period, limit_credits, set_by_operator, created_at, updated_at)
    select ${id}::uuid, ${value}, ${period}, ${limit}::numeric, ${byOperator && limit !== null}::boolean,
      date_trunc('milliseconds', now()), date_trunc('milliseconds', now())
    from ${users} u where u.id = ${payerOf(change)}
    on conflict (${column}, period) do update set limit_credits = excluded.limit_credits,
      set_by_operator = case when ${byOperator} then excluded.set_by_operator else b.set_by_operator end,
      updated_at = excluded.updated_at
    where ${byOperator} or not b.set_by_operator or excluded.limit_credits <= b.limit_credits`;
}

/** The budgets of a user, of the user's rooms and of their sessions, by id. */
export async function loadBudgets(db: Db, userId: string, page: PageRequest): Promise<Page<BudgetRow>> {
  const after = page.after ?? null;
  const isOwn = sql`(b.user_id = ${userId}
    or b.room_id in (select r.id from ${rooms} r where r.owner_user_id = ${userId} and r.deleted_at is null)
    or b.session_id in (select s.id from ${sessions} s join ${rooms} r on r.id = s.room_id
      where r.owner_user_id = ${userId} and r.deleted_at is null and s.deleted_at is null))`;
  const [cursor, { rows }] = await askDatabase(db, () =>
    db.batch([
      db.execute(sql`select 1 from ${budgets} b where b.id = ${after}::uuid and ${isOwn}`),
      db.execute<BudgetRow>(sql`select ${budgetColumns} from ${currentBudgets}
        where ${isOwn} and (${after}::uuid is null or b.id > ${after}::uuid)
        order by b.id limit ${page.limit + 1}`),
    ]),
  );
  return readPage(page, cursor.rows.length > 0, rows);
}
