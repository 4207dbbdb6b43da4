import { type SQL, sql } from "drizzle-orm";
import type { BudgetScope } from "../../domain/billing/budget.ts";
import { type FoundBudget, maxAbandonedRuns } from "../../domain/billing/budget-refusal.ts";
import { parseDecimal } from "../../domain/billing/pricing.ts";
import { budgetHolds, rooms, sessions, turnClaims, turnRuns } from "../schema.ts";

/** What a run that is opened may spend. Amounts are decimals of credits. */
export type GrantRequest = {
  /** The most that one run may spend. */
  turnCredits: string;
  /** With less no run is opened. */
  minCredits: string;
  /** Whether a user without a wallet has nothing to spend. */
  requiresWallet: boolean;
};

type OpenedRun = GrantRequest & {
  sessionId: string;
  userId: string;
  runId: string;
  idempotencyKey: string | null;
};

/** Parts of the statement that opens a run. They may use the table `claim (run_id)`, which has the claim that was taken. */
type ClaimStatements = {
  /** Whether a new run may start in session `s`. */
  mayStart: SQL;
  takeClaim: SQL;
  /** Rows that go as the claim is taken. */
  alsoDeletes: SQL;
};

/**
 * Wraps the statement that takes a claim, so that claim and holds are written together and only where every budget has
 * enough left. `takeClaim` may use the tables `budget`, and `run_grant (amount, is_enough)` of one row; it must return
 * `run_id`. Budgets are locked only for a new run: a takeover, a replay and a busy session wait for none.
 */
export function claimWithinBudgets(
  run: OpenedRun,
  { mayStart, takeClaim, alsoDeletes }: ClaimStatements,
): SQL {
  const { sessionId, userId, runId, idempotencyKey } = run;
  return sql`
    with new_run as materialized (
      select s.id as session_id, r.id as room_id from ${sessions} s join ${rooms} r on r.id = s.room_id
      where s.id = ${sessionId} and r.owner_user_id = ${userId}
        and not exists (select 1 from ${turnClaims} c where c.session_id = s.id)
        and not exists (select 1 from ${turnRuns} u where u.session_id = s.id
          and (u.id = ${runId}::uuid or u.idempotency_key = ${idempotencyKey}::text))
        and ${mayStart}
    ), budget as materialized (
      select b.* from new_run n,
        lateral lock_budgets(${userId}, n.room_id, n.session_id, now(), ${run.requiresWallet}::boolean) b
    ), run_grant as materialized (
      select g.amount, g.amount >= ${run.minCredits}::numeric as is_enough from (
        select least(${run.turnCredits}::numeric, min(limit_credits - spent - held)) as amount from budget) g
    ), claim as (${takeClaim}), holds as (
      insert into ${budgetHolds} (run_id, budget_id, window_start, amount)
      select c.run_id, b.budget_id, b.window_start, g.amount from claim c, budget b, run_grant g
      where c.run_id = ${runId}::uuid and b.budget_id is not null
      on conflict do nothing
    ), dequeued as (${alsoDeletes})
    select scope, limit_credits::text as "limit", spent::text as spent, held::text as held,
      case when period <> 'ever' then extract(epoch from (window_start at time zone 'UTC'
        + ('1 ' || period)::interval) at time zone 'UTC')::bigint::text end as "resetsAt",
      coalesce((select jsonb_agg(jsonb_build_object('sessionId', c.session_id, 'runId', c.run_id)) from (
        select c.session_id, c.run_id from ${budgetHolds} h join ${turnClaims} c on c.run_id = h.run_id
        where h.budget_id = b.budget_id and c.lease_until <= clock_timestamp() limit ${maxAbandonedRuns}::int
      ) c), '[]'::jsonb) as "abandonedRuns"
    from budget b`;
}

/** A row of what `claimWithinBudgets` returns. */
export type BudgetOfClaim = {
  scope: BudgetScope;
  limit: string | null;
  spent: string;
  held: string;
  /** Seconds of the epoch, in digits. */
  resetsAt: string | null;
  abandonedRuns: FoundBudget["abandonedRuns"];
};

export function readFoundBudget(row: BudgetOfClaim): FoundBudget {
  return {
    scope: row.scope,
    limitE8: row.limit === null ? null : parseDecimal(row.limit, 8),
    spentE8: parseDecimal(row.spent, 8),
    heldE8: parseDecimal(row.held, 8),
    resetsAt: row.resetsAt === null ? null : new Date(Number(row.resetsAt) * 1_000),
    abandonedRuns: row.abandonedRuns,
  };
}
