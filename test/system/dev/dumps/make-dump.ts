import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { readStoredCalls } from "../../faults/checks/stored-answers.ts";
import { answers, picks } from "../../faults/scenarios/script.ts";
import { fixtureTagOf } from "../../faults/testbed/scenario-tag.ts";
import {
  createSessionFixture,
  type FixtureOptions,
  type SessionFixture,
} from "../../faults/testbed/session-fixture.ts";
import { startTestbed, type Testbed } from "../../faults/testbed/testbed.ts";
import type { Workerd } from "../../faults/testbed/workerd.ts";

/*
 * Makes a dump of the version that is checked out; README.md says how. Needs a Postgres server and pg_dump.
 *   TEST_DATABASE_URL=postgres://… node make-dump.ts <name>   writes <name>.sql and <name>.json
 */

type Place = { testbed: Testbed; worker: Workerd };
const gate = "until the Worker is gone";

const create = ({ testbed, worker }: Place, options: FixtureOptions): Promise<SessionFixture> =>
  createSessionFixture(testbed, worker, options);

async function postWhole({ worker }: Place, fixture: SessionFixture): Promise<void> {
  const { status, body } = await fixture.post(worker, { request: fixture.nextRequest() });
  if (status !== 201) throw new Error(`a turn was answered ${status} ${JSON.stringify(body)}`);
}

/** Three turns of which each agent searches first; the third is in mode `tag`, and brings a summary. */
async function talkWithTools(place: Place): Promise<SessionFixture> {
  const agents = ["ada", "bob"];
  const fixture = await create(place, { mode: "manual", agents, withTools: true });
  const query = JSON.stringify({ query: `boats ${fixtureTagOf(fixture.id)}` });
  for (let turn = 1; turn <= 3; turn += 1) {
    if (turn === 3) {
      await fixture.user.call(place.worker.url, "PATCH", `/rooms/${fixture.roomId}/mode`, {
        body: { mode: "tag" },
      });
    }
    fixture.models.follow({
      rules: agents.flatMap((key) => [
        answers(key, { tool_calls: [{ name: "search", arguments: query }] }, 1),
        answers(key),
      ]),
    });
    await postWhole(place, fixture);
  }
  return fixture;
}

/** One turn, in which `failing` fail. */
async function talk(place: Place, options: FixtureOptions, failing: string[] = []): Promise<SessionFixture> {
  const fixture = await create(place, options);
  fixture.models.follow({
    rules: [
      picks(options.agents.slice(0, 3)),
      ...failing.map((key) => answers(key, { status: 400 })),
      ...options.agents.map((key) => answers(key)),
    ],
  });
  await postWhole(place, fixture);
  return fixture;
}

type Left = { holds: string; storedCalls: number; retries?: boolean; key?: string };

/** Posts a turn, or the retry of the last one, and waits until its answers before `holds` are stored. */
async function leaveRun({ testbed, worker }: Place, fixture: SessionFixture, left: Left): Promise<void> {
  const known = fixture.models.journal.entries.length;
  fixture.models.follow({
    rules: [
      picks(fixture.agents.slice(0, 3)),
      answers(left.holds, { hold: gate }),
      ...fixture.agents.map((key) => answers(key)),
    ],
  });
  const { body } = await fixture.user.call(worker.url, "GET", `/sessions/${fixture.sessionId}/turns`);
  const turnId = body.data.at(-1)?.id;
  const headers = left.key === undefined ? {} : { "Idempotency-Key": left.key };
  void (left.retries
    ? fixture.user.call(worker.url, "POST", `/sessions/${fixture.sessionId}/turns/${turnId}/retry`, {
        headers,
      })
    : fixture.post(worker, { request: fixture.nextRequest(), key: left.key }));
  const stored = async () => {
    const entries = fixture.models.journal.entries.slice(known);
    return (await readStoredCalls(testbed.sql, fixture.sessionId, entries)).length;
  };
  while ((await stored()) < left.storedCalls) await delay(20);
}

/** What its owner is answered about a session. */
async function readSession({ worker }: Place, { user, sessionId }: SessionFixture) {
  const get = async (path: string) =>
    (await user.call(worker.url, "GET", `/sessions/${sessionId}${path}`)).body;
  const { data: turns } = await get("/turns");
  return {
    turns: await Promise.all(turns.map(({ id }: { id: string }) => get(`/turns/${id}`))),
    messages: (await get("/messages")).data,
    summaries: (await get("/summaries")).data,
  };
}

async function makeSessions(place: Place) {
  const four = ["ada", "bob", "cy", "dee"];
  const sessions = {
    tools: await talkWithTools(place),
    partial: await talk(place, { mode: "roundtable", agents: four.slice(0, 3) }, ["bob"]),
    routed: await talk(place, { mode: "orchestrator", agents: four }),
    sequence: await talk(place, { mode: "roundtable", agents: four.slice(0, 3) }),
    retried: await talk(place, { mode: "manual", agents: four }, ["bob", "cy"]),
  };
  const answered: Record<string, unknown> = {};
  for (const [name, fixture] of Object.entries(sessions)) {
    const { id, roomId, sessionId, agents } = fixture;
    answered[name] = { fixtureId: id, roomId, sessionId, agents, ...(await readSession(place, fixture)) };
  }
  const { routed, sequence, retried } = sessions;
  await leaveRun(place, routed, { holds: "bob", storedCalls: 2, key: "left" });
  await leaveRun(place, sequence, { holds: "cy", storedCalls: 2 });
  await leaveRun(place, retried, { holds: "cy", storedCalls: 1, retries: true, key: "left" });
  return answered;
}

const [name = "dump"] = process.argv.slice(2);
const testbed = await startTestbed();
const worker = await testbed.startWorker();
const sessions = await makeSessions({ testbed, worker });
await worker.kill();
await testbed.gateway.idle();
await testbed.sql.query("update turn_claims set lease_until = clock_timestamp() - interval '1 day'");
const { rows } = await testbed.sql.query("select current_database() as name");
const url = new URL(process.env.TEST_DATABASE_URL ?? "");
url.pathname = `/${rows[0].name}`;
// Migrations fill these.
const filled = [
  "drizzle.*",
  "public.checkpoint_migrations",
  "public.pricing_versions",
  "public.model_prices",
];
const tables = filled.map((table) => `--exclude-table=${table}`);
const dump = execFileSync("pg_dump", ["--data-only", "--column-inserts", ...tables, url.href], {
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
});
const statements = dump
  .split("\n")
  .filter((line) => line !== "" && !/^(--|\\|SET |SELECT pg_catalog)/.test(line));
writeFileSync(`${name}.sql`, `${statements.join("\n")}\n`);
writeFileSync(`${name}.json`, `${JSON.stringify(sessions, null, 1)}\n`);
await testbed.stop();
process.exit();
