import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { formatDecimal, parseDecimal } from "../../../../src/domain/billing/pricing.ts";
import { checkCounters } from "../checks/money.ts";
import type { Round, Scenario } from "../scenario.ts";
import { readRequest } from "../testbed/scenario-tag.ts";
import { createSessionFixture, type SessionFixture } from "../testbed/session-fixture.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { createRoundLog, type RoundLog } from "./round-log.ts";
import { answers } from "./script.ts";

const sessions = 100;
const posts = 200;
const postsAtOnce = 50;
/** One of them is killed in the middle of the round. */
const workers = 5;
/** What each turn may spend; the wallet pays for ten such turns. */
const turnCredits = "0.1";
const walletCredits = "1";
/** 500 output-equivalent tokens with `deepseek`. */
const usage = { prompt_tokens: 200, completion_tokens: 430 };
const callCost = "0.05000000";
/** Longer ago than a client may resume its run. */
const pastResumeWindow = "1 day";

type WalletPost = { request: number; key: string; session: number };

/**
 * One user posts to a hundred sessions at once, over five Workers of which one is killed, until the wallet is empty. At no
 * moment is more spent and held than granted, and a refused post asks no model.
 */
export const walletRaces: Scenario = {
  name: "wallet-races",
  rounds: { short: 0, long: 50 },
  async runRound(round) {
    const { testbed, random } = round;
    const started = await Promise.all(Array.from({ length: workers }, () => testbed.takeWorker()));
    const [first] = started;
    if (first === undefined) throw new Error("no Worker was started");
    const fixture = await createSessionFixture(testbed, first, {
      mode: "manual",
      agents: ["ada"],
      hasBudgets: false,
    });
    const sessionIds = await insertSessions(round, fixture);
    await insertWallet(round, fixture);
    const deadlocksBefore = await countDeadlocks(round);
    fixture.models.follow({
      rules: Array.from({ length: posts }, (_, call) =>
        answers("ada", { usage, delay_ms: random.between(0, 60) }, call + 1),
      ).concat(answers("ada", { usage })),
    });
    const roundLog = createRoundLog();
    const watch = watchWallet(round, fixture, roundLog);
    const queue: WalletPost[] = Array.from({ length: posts }, (_, index) => ({
      request: index + 1,
      key: randomUUID(),
      session: index % sessions,
    }));
    const killAfter = random.between(posts / 10, posts / 2);
    const killed = Math.floor(random.next() * workers);
    const last = new Map<number, Answer>();
    const send = async (post: WalletPost, worker: Workerd): Promise<Answer> => {
      const answer = await fixture.user.call(
        worker.url,
        "POST",
        `/sessions/${sessionIds[post.session]}/turns`,
        {
          body: { message: fixture.messageOf(post.request), max_credits: turnCredits },
          headers: { "Idempotency-Key": post.key },
        },
      );
      last.set(post.request, answer);
      return answer;
    };
    const lost: WalletPost[] = [];
    const postNext = async (): Promise<void> => {
      for (let post = queue.shift(); post !== undefined; post = queue.shift()) {
        if (posts - queue.length === killAfter) void started[killed]?.kill();
        const worker = started[post.session % workers] ?? first;
        const answer = await send(post, worker);
        if (answer.status === 0) lost.push(post);
        else if (answer.status === 409) await delay(random.between(0, 10));
      }
    };
    await Promise.all(Array.from({ length: postsAtOnce }, postNext));
    // The sessions of the killed Worker have no other holder: each of them is served by one Worker.
    const alive = started.filter((_, index) => index !== killed);
    await expireLeases(round, fixture, "1 second");
    await Promise.all(
      lost.map((post, index) =>
        random.chance(0.5) ? send(post, alive[index % alive.length] ?? first) : null,
      ),
    );
    await expireLeases(round, fixture, pastResumeWindow);
    for (let tries = 0; tries < 5 && (await countClaims(round, fixture)) > 0; tries += 1) {
      await alive[0]?.callScheduled();
    }
    await watch.stop();

    roundLog.count("posts", posts);
    roundLog.count("lost with their Worker", lost.length);
    for (const answer of last.values()) roundLog.count(nameOf(answer));
    for (const [request, answer] of last) {
      const fits = answer.status === 201 || answer.status === 0 || refusals.has(answer.body?.code);
      roundLog.expect(`request ${request}`, answer, fits);
    }
    await checkAtRest(round, fixture, roundLog, last);
    const deadlocks = (await countDeadlocks(round)) - deadlocksBefore;
    if (deadlocks > 0) roundLog.violations.push(`${deadlocks} deadlocks`);
    for (const worker of alive) testbed.giveBack(worker);
    testbed.peers.forget(fixture.id);
    return { what: "a wallet of ten turns", ...roundLog };
  },
};

const refusals = new Set(["budget_exhausted", "budget_in_use", "turn_conflict", "turn_in_progress"]);

function nameOf({ status, body }: Answer): string {
  return status === 201 ? "turns" : status === 0 ? "unanswered" : String(body?.code);
}

/** The first one is the fixture's. */
async function insertSessions({ testbed: { sql } }: Round, fixture: SessionFixture): Promise<string[]> {
  const { rows } = await sql.query(
    `insert into sessions (id, room_id, started_by_user_id, created_at)
      select gen_random_uuid(), $1, $2, now() from generate_series(2, $3::int) returning id`,
    [fixture.roomId, fixture.user.id, sessions],
  );
  return [fixture.sessionId, ...rows.map(({ id }) => id)];
}

async function insertWallet({ testbed: { sql } }: Round, { user }: SessionFixture): Promise<void> {
  await sql.query(
    `with granted as (insert into credit_grants (id, user_id, amount, idempotency_key, granted_by, created_at)
        values (gen_random_uuid(), $1, $2, 'first', 'faults', now())),
      made as (insert into budgets (id, user_id, period, limit_credits, created_at, updated_at)
        values (gen_random_uuid(), $1, 'ever', $2, now(), now()) returning id)
    insert into budget_windows (budget_id, window_start) select id, budget_window_start('ever', now()) from made`,
    [user.id, walletCredits],
  );
}

type WalletState = { spent: string; held: string; left: string };

/** One snapshot of the wallet. */
async function readWallet({ testbed: { sql } }: Round, { user }: SessionFixture): Promise<WalletState> {
  const { rows } = await sql.query(
    `select w.spent::text as spent, h.held::text as held, (b.limit_credits - w.spent - h.held)::text as left
      from budgets b join budget_windows w on w.budget_id = b.id cross join lateral
        (select coalesce(sum(amount), 0)::numeric(20, 8) as held from budget_holds where budget_id = b.id) h
      where b.user_id = $1`,
    [user.id],
  );
  return rows[0];
}

/** Reads the wallet over and over. More spent and held than granted is a violation. */
function watchWallet(round: Round, fixture: SessionFixture, roundLog: RoundLog): { stop(): Promise<void> } {
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { spent, held, left } = await readWallet(round, fixture);
      roundLog.count("looks at the wallet");
      if (parseDecimal(left, 8) < 0n) {
        roundLog.violations.push(`${spent} spent and ${held} held of ${walletCredits}`);
        return;
      }
      await delay(2);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await watching;
    },
  };
}

async function expireLeases(
  { testbed: { sql } }: Round,
  { roomId }: SessionFixture,
  ago: string,
): Promise<void> {
  await sql.query(
    `update turn_claims set lease_until = clock_timestamp() - $2::interval
      where session_id in (select id from sessions where room_id = $1)`,
    [roomId, ago],
  );
}

async function countClaims({ testbed: { sql } }: Round, { roomId }: SessionFixture): Promise<number> {
  const { rows } = await sql.query(
    "select count(*)::int as claims from turn_claims c join sessions s on s.id = c.session_id where s.room_id = $1",
    [roomId],
  );
  return rows[0].claims;
}

/** Since the database was made. */
async function countDeadlocks({ testbed: { sql } }: Round): Promise<number> {
  const { rows } = await sql.query(
    "select deadlocks::int from pg_stat_database where datname = current_database()",
  );
  return rows[0]?.deadlocks ?? 0;
}

/** Nothing is held, the counter equals the ledger, each answer cost what it cost, and refused posts asked nobody. */
async function checkAtRest(
  round: Round,
  fixture: SessionFixture,
  roundLog: RoundLog,
  last: ReadonlyMap<number, Answer>,
): Promise<void> {
  const { sql } = round.testbed;
  const claims = await countClaims(round, fixture);
  if (claims > 0) roundLog.violations.push(`${claims} claims are left`);
  const { spent, held, left } = await readWallet(round, fixture);
  if (parseDecimal(held, 8) !== 0n) roundLog.violations.push(`${held} is still held`);
  if (parseDecimal(left, 8) < 0n) roundLog.violations.push(`${spent} was spent of ${walletCredits}`);
  const { rows } = await sql.query(
    `select count(*) filter (where credits > 0)::int as billed, count(*) filter (where status = 'unknown')::int as estimates
      from llm_call_events where user_id = $1`,
    [fixture.user.id],
  );
  const { billed, estimates } = rows[0];
  roundLog.count("calls", fixture.models.journal.entries.length);
  roundLog.count("estimates", estimates);
  const cost = formatDecimal(BigInt(billed) * parseDecimal(callCost, 8), 8);
  if (cost !== spent) roundLog.violations.push(`${billed} calls cost ${cost}, and ${spent} was spent`);
  const asked = new Set(
    fixture.models.journal.entries.map(({ messages }) =>
      readRequest(messages.map(({ content }) => content).join("\n")),
    ),
  );
  for (const [request, { status }] of last) {
    if (status >= 400 && asked.has(request))
      roundLog.violations.push(`refused request ${request} asked a model`);
  }
  roundLog.violations.push(...(await checkCounters(sql)));
}
