import { type SQL, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { creditGrants, llmCallEvents, toolCallEvents } from "../schema.ts";
import { openedAt } from "./budget-statements.ts";

/** A grant raises the wallet, a run lowers it. */
export type Transaction = {
  /** Of the grant or the run. */
  id: string;
  kind: "grant" | "turn";
  /** Signed decimal of credits. */
  amount: string;
  note: string | null;
  turnId: string | null;
  sessionId: string | null;
  /** Milliseconds of the epoch, in digits. */
  at: string;
};

const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/**
 * Grants and what runs cost, newest first. A run without cost is left out. Only the rows of the page's own runs are added
 * up, so that a page of a long ledger takes no longer than one of a short ledger.
 */
export async function loadTransactions(
  db: Db,
  userId: string,
  page: PageRequest,
): Promise<Page<Transaction>> {
  const after = page.after ?? null;
  const cursor = selectCursor(userId, after);
  const count = page.limit + 1;
  const [found, { rows }] = await askDatabase(db, () =>
    db.batch([
      db.execute(cursor),
      db.execute<Transaction>(sql`
        with recursive start as (
          select coalesce(c.at, 'infinity'::timestamptz) as at, coalesce(c.id, ${lastId}::uuid) as id, 0 as place
          from (values (1)) one left join (${cursor}) c on true
        ), runs as (
          select n.* from start b cross join lateral (${nextRun(userId)}) n
          union all
          select n.* from runs b cross join lateral (${nextRun(userId)}) n where b.place < ${count}::int
        ), entries as (
          (select g.id, 'grant' as kind, g.amount, g.note, null::uuid as turn_id, null::uuid as session_id, g.created_at as at
          from ${creditGrants} g, start s where g.user_id = ${userId} and (g.created_at, g.id) < (s.at, s.id)
          order by g.created_at desc, g.id desc limit ${count})
          union all
          select r.id, 'turn', -c.credits, null, c.turn_id, c.session_id, r.at
          from runs r cross join lateral (${costOfRun(userId)}) c
        )
        select id, kind, amount::numeric(28, 8)::text as amount, note, turn_id as "turnId", session_id as "sessionId",
          (extract(epoch from at) * 1000)::bigint::text as at
        from entries order by entries.at desc, id desc limit ${count}`),
    ]),
  );
  return readPage(page, found.rows.length > 0, rows);
}

/** The entry that a page follows: no row where the user has none of this id. */
function selectCursor(userId: string, after: string | null): SQL {
  return sql`
    select c.at, c.id from (
      select created_at as at, id from ${creditGrants} where id = ${after}::uuid and user_id = ${userId}
      union all
      (select ${openedAt}, run_id from ${llmCallEvents}
        where run_id = ${after}::uuid and user_id = ${userId} and credits > 0 limit 1)
      union all
      (select ${openedAt}, run_id from ${toolCallEvents}
        where user_id = ${userId} and credits_charged > 0 and run_id = ${after}::uuid limit 1)
    ) c limit 1`;
}

/** The newest run that is older than the entry `b`. It looks once at each table's index. */
function nextRun(userId: string): SQL {
  const isOlder = sql`user_id = ${userId} and ${openedAt} <= b.at and (${openedAt}, run_id) < (b.at, b.id)`;
  const newestFirst = sql`order by ${openedAt} desc, run_id desc limit 1`;
  return sql`select x.at, x.id, b.place + 1 as place from (
      (select ${openedAt} as at, run_id as id from ${llmCallEvents} where ${isOlder} and credits > 0 ${newestFirst})
      union all
      (select ${openedAt}, run_id from ${toolCallEvents} where ${isOlder} and credits_charged > 0 ${newestFirst})
    ) x order by x.at desc, x.id desc limit 1`;
}

/** What the run `r` cost, and where. */
function costOfRun(userId: string): SQL {
  const isOfRun = sql`user_id = ${userId} and run_id = r.id and ${openedAt} = r.at`;
  return sql`select sum(x.credits) as credits, max(x.turn_id::text)::uuid as turn_id,
      max(x.session_id::text)::uuid as session_id from (
      select credits, turn_id, session_id from ${llmCallEvents} where ${isOfRun}
      union all
      select credits_charged, turn_id, session_id from ${toolCallEvents} where ${isOfRun} and credits_charged > 0
    ) x`;
}
