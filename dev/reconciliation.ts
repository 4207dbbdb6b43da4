/** A sum that must be equal in two places. Each query gives one row for each difference, and none where there is none. */
export type Invariant = { name: string; sql: string };

/** What every budget's rows cost in one of its windows. */
const rowsOfWindow = (table: string, credits: string) => `
  select coalesce(sum(e.${credits}), 0) from ${table} e
  where (e.user_id = b.user_id or e.room_id = b.room_id or e.session_id = b.session_id)
    and budget_window_start(b.period, coalesce(e.opened_at, e.created_at)) = w.window_start`;

const hourOf = "date_trunc('hour', coalesce(opened_at, created_at) at time zone 'UTC') at time zone 'UTC'";

/** Each holds at every moment, also while turns run. docs/money.md explains them. */
export const invariants: readonly Invariant[] = [
  {
    name: "a window has spent what its rows of the ledger and of tools cost",
    sql: `select b.id as budget, b.period, w.window_start, w.spent, r.booked, w.spent - r.booked as difference
      from budget_windows w join budgets b on b.id = w.budget_id
        cross join lateral (select (${rowsOfWindow("llm_call_events", "credits")})
          + (${rowsOfWindow("tool_call_events", "credits_charged")}) as booked) r
      where w.spent <> r.booked`,
  },
  {
    name: "a wallet's limit is the sum of its grants",
    sql: `select coalesce(b.user_id, g.user_id) as user_id, b.limit_credits, g.granted,
        coalesce(b.limit_credits, 0) - coalesce(g.granted, 0) as difference
      from (select * from budgets where user_id is not null and period = 'ever') b
        full join (select user_id, sum(amount) as granted from credit_grants group by 1) g on g.user_id = b.user_id
      where coalesce(b.limit_credits, 0) <> coalesce(g.granted, 0)`,
  },
  {
    name: "the hours of usage are the ledger and what tools cost",
    sql: `select coalesce(u.user_id, l.user_id) as user_id, coalesce(u.hour, l.hour) as hour,
        coalesce(u.agent_key, l.agent_key) as agent_key, coalesce(u.model_alias, l.model_alias) as model_alias,
        u.credits as counted, l.credits as booked, coalesce(u.credits, 0) - coalesce(l.credits, 0) as difference
      from (select user_id, hour, agent_key, model_alias, sum(credits) as credits, sum(calls) as calls
          from usage_hours group by 1, 2, 3, 4) u
        full join (select user_id, hour, agent_key, model_alias, sum(credits) as credits, sum(calls) as calls from (
            select user_id, ${hourOf} as hour, agent_key, model_alias, credits, 1 as calls
              from llm_call_events where status <> 'unknown'
            union all
            select user_id, ${hourOf}, agent_key, '', credits_charged, 0 from tool_call_events
              where credits_charged <> 0) x group by 1, 2, 3, 4) l
          using (user_id, hour, agent_key, model_alias)
      where coalesce(u.credits, 0) <> coalesce(l.credits, 0) or coalesce(u.calls, 0) <> coalesce(l.calls, 0)`,
  },
  {
    name: "a hold is of a claim, and of no more than its grant",
    sql: `select h.run_id, h.budget_id, h.amount, c.granted_credits as granted, h.amount - c.granted_credits as difference
      from budget_holds h left join turn_claims c on c.run_id = h.run_id
      where c.run_id is null or h.amount > c.granted_credits`,
  },
];

/** What is allowed and worth knowing: it is booked in full. */
export const remarks: readonly Invariant[] = [
  {
    name: "runs that cost more than they were granted",
    sql: `select r.id as run_id, r.granted_credits as granted, s.spent, s.spent - r.granted_credits as over
      from turn_runs r cross join lateral (select
        (select coalesce(sum(credits), 0) from llm_call_events where run_id = r.id)
        + (select coalesce(sum(credits_charged), 0) from tool_call_events where turn_id = r.turn_id and run_id = r.id)
        as spent) s
      where s.spent > r.granted_credits`,
  },
  {
    name: "budgets that are overspent",
    sql: `select b.id as budget, b.limit_credits as "limit", w.spent, w.spent - b.limit_credits as over
      from budget_windows w join budgets b on b.id = w.budget_id where w.spent > b.limit_credits`,
  },
];
