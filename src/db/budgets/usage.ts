import { type SQL, sql } from "drizzle-orm";
import { creditUsd } from "../../domain/billing/pricing.ts";
import { hasWholeHours, type UsageGroup, type UsageRow } from "../../domain/billing/usage-groups.ts";
import { PantheonError } from "../../domain/errors.ts";
import { askDatabase, type Db, postgresFields } from "../core/client.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { requireRow } from "../core/require-row.ts";
import { llmCallEvents, rooms, sessions, toolCallEvents, usageHours } from "../schema.ts";
import { openedAt } from "./budget-statements.ts";

/** Whose usage: a user's, one room's or session's of the user, or everybody's. */
export type UsageScope =
  | { kind: "user"; userId: string }
  | { kind: "room"; userId: string; roomId: string }
  | { kind: "session"; userId: string; sessionId: string }
  | { kind: "all" };

export type UsageRequest = PageRequest & {
  /** Days `YYYY-MM-DD` of the time zone: the first, and the one after the last. Absent: no bound. */
  from?: string | undefined;
  to?: string | undefined;
  groupBy: UsageGroup;
  timeZone: string;
};

/** The cursor of the group of rows that have no key. */
export const noKey = "none";

/**
 * A page of groups, by key. The sum over all pages is that of the ledger and of tools, to the last digit.
 * @throws PantheonError `not_found` where the scope is not the user's, `invalid_cursor`.
 */
export async function loadUsage(db: Db, scope: UsageScope, request: UsageRequest): Promise<Page<UsageRow>> {
  const after = request.after ?? null;
  const [owned, { rows }] = await askUsage(db, () =>
    db.batch([
      db.execute(selectOwned(scope)),
      db.execute<UsageRow & { isCursor: boolean }>(sql`
        with grouped as materialized (${selectGroups(scope, request)})
        select g.*, coalesce(g.key, ${noKey}) = ${after} as "isCursor" from grouped g
        where ${after}::text is null or coalesce(g.key, ${noKey}) >= ${after}
        order by coalesce(g.key, ${noKey}) limit ${request.limit + 2}`),
    ]),
  );
  requireRow(owned.rows[0]);
  const hasCursor = rows[0]?.isCursor === true;
  return readPage(request, hasCursor, (hasCursor ? rows.slice(1) : rows).map(toUsageRow));
}

const invalidParameter = "22023";

/** @throws PantheonError `validation_failed` where Postgres does not know the time zone. */
async function askUsage<T>(db: Db, request: () => Promise<T>): Promise<T> {
  try {
    return await askDatabase(db, request);
  } catch (error) {
    if (postgresFields(error).code !== invalidParameter) throw error;
    throw new PantheonError("validation_failed", "The database does not know this time zone.");
  }
}

function toUsageRow({
  calls,
  inputTokensFresh,
  inputTokensCached,
  outputTokens,
  ...row
}: UsageRow): UsageRow {
  const [fresh, cached] = [Number(inputTokensFresh), Number(inputTokensCached)];
  return {
    ...row,
    calls: Number(calls),
    inputTokensFresh: fresh,
    inputTokensCached: cached,
    outputTokens: Number(outputTokens),
    activeUsers: Number(row.activeUsers),
  };
}

/** Gives a row where the user may see the scope. */
function selectOwned(scope: UsageScope): SQL {
  switch (scope.kind) {
    case "user":
    case "all":
      return sql`select 1`;
    case "room":
      return sql`select 1 from ${rooms} r where r.id = ${scope.roomId} and r.owner_user_id = ${scope.userId}
        and r.deleted_at is null`;
    case "session":
      return sql`select 1 from ${sessions} s join ${rooms} r on r.id = s.room_id where s.id = ${scope.sessionId}
        and r.owner_user_id = ${scope.userId} and s.deleted_at is null and r.deleted_at is null`;
  }
}

function selectGroups(scope: UsageScope, { from, to, groupBy, timeZone }: UsageRequest): SQL {
  const dayStart = (day: string) => sql`(${day}::date::timestamp at time zone ${timeZone})`;
  const source = groupBy !== "turn" && hasWholeHours(timeZone) ? hours : ledgerRows;
  return sql`
    select ${keyOf(groupBy, timeZone)} as key, sum(calls) as calls, sum(fresh) as "inputTokensFresh",
      sum(cached) as "inputTokensCached", sum(output) as "outputTokens", sum(credits)::numeric(28, 8)::text as credits,
      sum(estimated)::numeric(28, 8)::text as "estimatedCredits",
      case when sum(costed_calls) > 0 then sum(cost)::numeric(28, 8)::text end as "providerCostUsd",
      count(distinct user_id)::int as "activeUsers",
      case when sum(costed_calls) > 0
        then (sum(costed_credits) * ${creditUsd}::numeric - sum(cost))::numeric(28, 10)::text end as "marginUsd"
    from (${source(scope)}) x
    where ${from === undefined ? sql`true` : sql`at >= ${dayStart(from)}`}
      and ${to === undefined ? sql`true` : sql`at < ${dayStart(to)}`}
    group by 1`;
}

function keyOf(groupBy: UsageGroup, timeZone: string): SQL {
  const local = sql`at at time zone ${timeZone}`;
  switch (groupBy) {
    case "day":
      return sql`to_char(${local}, 'YYYY-MM-DD')`;
    case "week":
      return sql`to_char(date_trunc('week', ${local}), 'YYYY-MM-DD')`;
    case "month":
      return sql`to_char(${local}, 'YYYY-MM')`;
    case "room":
      return sql`nullif(room_id::text, '00000000-0000-0000-0000-000000000000')`;
    case "session":
      return sql`nullif(session_id::text, '00000000-0000-0000-0000-000000000000')`;
    case "turn":
      return sql`turn_id::text`;
    case "agent":
      return sql`agent_key`;
    case "model":
      return sql`nullif(model_alias, '')`;
    case "user":
      return sql`user_id`;
  }
}

/** Sums by hour. */
function hours(scope: UsageScope): SQL {
  return sql`select user_id, hour as at, room_id, session_id, agent_key, model_alias, calls, input_tokens_fresh as fresh,
      input_tokens_cached as cached, output_tokens as output, credits, estimated_credits as estimated, costed_calls,
      costed_credits, provider_cost_usd as cost
    from ${usageHours} where ${isInScope(scope)}`;
}

/** Every row: for turns, and for time zones whose days do not begin at whole hours. */
function ledgerRows(scope: UsageScope): SQL {
  return sql`select user_id, ${openedAt} as at, room_id, session_id, turn_id, agent_key, model_alias, 1 as calls,
      input_tokens_fresh as fresh, input_tokens_cached as cached, output_tokens as output, credits,
      case when usage_source = 'estimated' then credits else 0 end as estimated,
      case when provider_cost_usd is null then 0 else 1 end as costed_calls,
      case when provider_cost_usd is null then 0 else credits end as costed_credits,
      coalesce(provider_cost_usd, 0) as cost
    from ${llmCallEvents} where ${isInScope(scope)} and status <> 'unknown'
    union all
    select user_id, ${openedAt}, room_id, session_id, turn_id, agent_key, '', 0, 0, 0, 0, credits_charged, 0, 0, 0, 0
    from ${toolCallEvents} where ${isInScope(scope)} and credits_charged > 0`;
}

function isInScope(scope: UsageScope): SQL {
  switch (scope.kind) {
    case "all":
      return sql`true`;
    case "user":
      return sql`user_id = ${scope.userId}`;
    case "room":
      return sql`user_id = ${scope.userId} and room_id = ${scope.roomId}`;
    case "session":
      return sql`user_id = ${scope.userId} and session_id = ${scope.sessionId}`;
  }
}
