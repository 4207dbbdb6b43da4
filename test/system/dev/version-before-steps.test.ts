import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyMigrations } from "../../../dev/migrate.ts";
import { applyMigrationsBefore } from "../../support/node/earlier-migrations.ts";
import { callerOf } from "../../turn/modes/support/model-calls.ts";
import { answers, wholeAnswer } from "../faults/scenarios/script.ts";
import { tagOf } from "../faults/testbed/scenario-tag.ts";
import { startTestbed, type Testbed } from "../faults/testbed/testbed.ts";
import { type Call, createUser, type User } from "../faults/testbed/user.ts";
import type { Workerd } from "../faults/testbed/workerd.ts";
import before from "./dumps/before-steps.json" with { type: "json" };

type SessionName = keyof typeof before;

let testbed: Testbed;
let worker: Workerd;

/** The dump is loaded into the schema of its version, and the later migrations run on its rows. */
async function loadDump(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await applyMigrationsBefore(client, "0008_steps");
    await client.query(await readFile(new URL("./dumps/before-steps.sql", import.meta.url), "utf8"));
  } finally {
    await client.end();
  }
  expect(await applyMigrations(connectionString)).toContain("0008_steps");
}

beforeAll(async () => {
  testbed = await startTestbed(loadDump);
  worker = await testbed.startWorker();
}, 120_000);

afterAll(() => testbed.stop(), 30_000);

/** A session of the dump, as its owner reaches it. */
async function openSession(name: SessionName) {
  const { sessionId, fixtureId, agents } = before[name];
  const { rows } = await testbed.sql.query("select started_by_user_id as id from sessions where id = $1", [
    sessionId,
  ]);
  const user: User = await createUser(rows[0].id);
  const models = testbed.peers.scenarioOf(fixtureId);
  models.follow({ rules: agents.map((key) => answers(key)) });
  const call = (method: string, path: string, options?: Call) =>
    user.call(worker.url, method, `/sessions/${sessionId}${path}`, options);
  return {
    get: async (path: string) => (await call("GET", path)).body,
    post: (path: string, body?: object, key?: string) =>
      call("POST", path, {
        ...(body === undefined ? {} : { body }),
        headers: key === undefined ? {} : { "Idempotency-Key": key },
      }),
    /** The text of a request, which leads its calls to the session's models. */
    messageOf: (request: number) => `What comes next? ${tagOf(fixtureId, request)}`,
    /** The agents that were asked, in order; a summary may be made beside them. */
    askedAgents: () => models.journal.entries.map(callerOf).filter((caller) => agents.includes(caller)),
    calls: () => models.journal.entries.length,
    /** Resolves once no run of the session is under way. */
    async ended() {
      const claims = () =>
        testbed.sql
          .query("select 1 from turn_claims where session_id = $1", [sessionId])
          .then(({ rows }) => rows);
      while ((await claims()).length > 0) await delay(50);
    },
  };
}

type Reply = { step: string; status: string; content: string; error: { code: string } | null };
const describeReplies = ({ replies }: { replies: Reply[] }) =>
  replies.map(({ step, error }) => `${step} ${error?.code ?? "answered"}`);

describe("a session that the version before steps stored", () => {
  test.each(Object.keys(before) as SessionName[])("reads as before: %s", async (name) => {
    const { turns, messages, summaries } = before[name];
    const session = await openSession(name);

    const listed = (await session.get("/turns")).data;
    const read = await Promise.all(turns.map(({ id }) => session.get(`/turns/${id}`)));

    expect(read).toMatchObject(turns);
    expect(read).toMatchObject(listed);
    expect((await session.get("/messages")).data).toMatchObject(messages);
    expect((await session.get("/summaries")).data).toMatchObject(summaries);
    for (const turn of read) {
      for (const part of [...turn.replies, ...turn.llm_calls, ...turn.tool_calls, ...turn.audit]) {
        expect(part.step).toBe(`${part.agent_key}#1`);
      }
      for (const reply of turn.replies) expect(reply).toMatchObject({ role: "agent", round: 1 });
    }
  });

  test("has the failed step of its last turn asked again, and no other", async () => {
    const session = await openSession("partial");
    const turnId = before.partial.turns.at(-1)?.id;

    const { status, body } = await session.post(`/turns/${turnId}/retry`);

    expect(status).toBe(201);
    expect(body).toMatchObject({ id: turnId, status: "completed" });
    expect(describeReplies(body)).toEqual(["ada#1 answered", "bob#1 answered", "cy#1 answered"]);
    expect(session.askedAgents()).toEqual(["bob"]);
  });

  test("goes on with its history", async () => {
    const session = await openSession("tools");
    const { status, body } = await session.post("/turns", { message: `@ada ${session.messageOf(9)}` });
    expect(status).toBe(201);
    expect(body).toMatchObject({ turn_index: 4, status: "completed" });
    const [call] = testbed.peers.scenarioOf(before.tools.fixtureId).journal.entries;
    expect(JSON.stringify(call?.messages)).toContain(before.tools.turns.at(-1)?.user_input);
  });
});

describe("a run that the version before steps left", () => {
  const left = "left";

  test("is settled by its own key with the answers that were stored, and no agent is called", async () => {
    const session = await openSession("routed");

    const { status, body } = await session.post("/turns", { message: session.messageOf(2) }, left);

    expect(status).toBe(201);
    expect(body).toMatchObject({ turn_index: 2, status: "partial" });
    expect(describeReplies(body)).toEqual(["ada#1 answered", "bob#1 abandoned", "cy#1 abandoned"]);
    expect(session.calls()).toBe(0);
    const { llm_calls, audit } = await session.get(`/turns/${body.id}`);
    const ledger = llm_calls.map(({ step, status: state }: Reply) => `${step} ${state}`);
    expect(new Set(ledger)).toEqual(new Set(["ada#1 completed", "bob#1 unknown", "cy#1 unknown"]));
    expect(audit[0].overhead_calls).toMatchObject([{ purpose: "routing", status: "completed" }]);
    expect((await session.post("/turns", { message: session.messageOf(2) }, left)).body).toEqual(body);
  });

  test("is settled once another post meets it, which runs when it comes again", async () => {
    const session = await openSession("sequence");

    const refused = await session.post("/turns", { message: session.messageOf(3) });
    await session.ended();
    const { status, body } = await session.post("/turns", { message: session.messageOf(3) });

    expect(refused.body.code).toBe("turn_conflict");
    expect(status).toBe(201);
    expect(body).toMatchObject({ turn_index: 3, status: "completed" });
    const { data } = await session.get("/turns");
    expect(data.map(describeReplies)).toEqual([
      ["ada#1 answered", "bob#1 answered", "cy#1 answered"],
      ["ada#1 answered", "bob#1 answered", "cy#1 abandoned"],
      ["ada#1 answered", "bob#1 answered", "cy#1 answered"],
    ]);
    expect(session.askedAgents()).toEqual(["ada", "bob", "cy"]);
  });

  test("that is a retry is settled by the scheduled job, and what still fails can be asked again", async () => {
    const session = await openSession("retried");
    const turnId = before.retried.turns.at(-1)?.id;

    await worker.callScheduled();
    await session.ended();

    const settled = await session.get(`/turns/${turnId}`);
    expect(describeReplies(settled)).toEqual([
      ...["ada#1 answered", "bob#1 answered", "cy#1 model_error", "dee#1 answered"],
    ]);
    expect(settled.replies[1].content).toBe(wholeAnswer("bob"));
    expect(session.calls()).toBe(0);
    const { body } = await session.post(`/turns/${turnId}/retry`);
    expect(body.status).toBe("completed");
    expect(session.askedAgents()).toEqual(["cy"]);
  });
});
