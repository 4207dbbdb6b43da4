import { checkCounters } from "../checks/money.ts";
import type { Scenario } from "../scenario.ts";
import { createSessionFixture } from "../testbed/session-fixture.ts";
import { createRoundLog } from "./round-log.ts";

const days = 90;
const rowsOfDay = 11_112;
const sessions = 100;
const tries = 9;
/** docs/money.md has what was measured. */
const maxMedianMs = 300;

const paths = [
  "/usage?group_by=day",
  "/usage?group_by=day&time_zone=Europe/Berlin",
  "/usage?group_by=room",
  "/usage?group_by=session",
  "/usage?group_by=agent",
  "/usage?group_by=model",
  "/wallet",
  "/wallet/transactions",
] as const;

/** These read each row of the ledger, and are measured beside the others. */
const unbounded = ["/usage?group_by=turn", "/usage?group_by=day&time_zone=Asia/Kolkata"] as const;

/** A user with a million ledger rows of 90 days reads usage and transactions: each answer within 300 ms. */
export const longLedger: Scenario = {
  name: "long-ledger",
  rounds: { short: 0, long: 1 },
  async runRound({ testbed }) {
    const { sql } = testbed;
    const worker = await testbed.takeWorker();
    const fixture = await createSessionFixture(testbed, worker, { mode: "manual", agents: ["ada"] });
    const { user, roomId } = fixture;
    await sql.query(
      `insert into sessions (id, room_id, started_by_user_id, created_at)
        select gen_random_uuid(), $1, $2, now() from generate_series(2, $3::int)`,
      [roomId, user.id, sessions],
    );
    // A run of three calls every 23 seconds, in a session that changes every hour.
    for (let day = 1; day <= days; day += 1) {
      await sql.query(
        `with s as (select array_agg(id order by id) as ids from sessions where room_id = $1)
        insert into llm_call_events (id, user_id, room_id, session_id, run_id, agent_key, round, provider, model_alias,
          provider_model, input_tokens_fresh, input_tokens_cached, output_tokens, total_tokens, oe_tokens, credits,
          usage_source, latency_ms, attempts, status, pricing_version, opened_at, created_at)
        select gen_random_uuid(), $2, $1, s.ids[1 + ($3::int * 24 + c.at_s / 3600) % $4::int], c.run, (array['ada', 'bob', 'eve'])[1 + c.n % 3],
          1, 'p', (array['llama', 'qwen', 'deepseek'])[1 + c.n % 3], 'm', 1000, 0, 100, 1100, 450, 0.045, 'provider', 1, 1,
          'completed', '2026-02-20', c.at, c.at
        from s, (select n, run, at_s::int, date_trunc('day', now()) - $3::int * interval '1 day' + at_s * interval '1 second' as at
          from (select (n / 3) * (86400.0 / $5::int * 3) as at_s, n, md5($2 || $3::int || n / 3)::uuid as run
            from generate_series(0, $5::int - 1) n) x) c`,
        [roomId, user.id, day, sessions, rowsOfDay],
      );
    }
    await sql.query("vacuum analyze llm_call_events");
    await sql.query("vacuum analyze usage_hours");
    const roundLog = createRoundLog();
    const { rows } = await sql.query(
      "select (select count(*)::int from llm_call_events where user_id = $1) as ledger, (select count(*)::int from usage_hours where user_id = $1) as hours",
      [user.id],
    );
    roundLog.count("ledger rows", rows[0].ledger);
    roundLog.count("rows of usage_hours", rows[0].hours);
    const measure = async (path: string): Promise<number> => {
      const taken: number[] = [];
      for (let attempt = 1; attempt <= tries; attempt += 1) {
        const startedMs = performance.now();
        const answer = await user.call(worker.url, "GET", path);
        taken.push(performance.now() - startedMs);
        roundLog.expect(
          path,
          answer,
          answer.status === 200 && (path === "/wallet" || answer.body.data.length > 0),
        );
      }
      const median = Math.round(taken.toSorted((left, right) => left - right)[Math.floor(tries / 2)] ?? 0);
      roundLog.count(`ms of ${path}`, median);
      return median;
    };
    for (const path of paths) {
      const median = await measure(path);
      if (median > maxMedianMs) roundLog.violations.push(`GET ${path} took ${median} ms`);
    }
    for (const path of unbounded) await measure(path);
    roundLog.violations.push(...(await checkCounters(sql)));
    testbed.giveBack(worker);
    testbed.peers.forget(fixture.id);
    return { what: "a million rows", ...roundLog };
  },
};
