import { describe, expect, test } from "vitest";
import type { HandOver, SessionHost, SessionHosts } from "../../src/turn/session-host.ts";
import { noteWatch, watchDatabase } from "../support/database-requests.ts";
import { loseObject, passAlarm } from "../support/session-objects.ts";
import { createTurnFixture, type FixtureOptions, noRows, says } from "../support/turn-fixture.ts";
import { until } from "../support/until.ts";
import { answersStored, endLease, listCallers } from "../turn/recovery/support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "../turn/recovery/support/ledger-check.ts";

type Fixture = Awaited<ReturnType<typeof createTurnFixture>>;

/** A fixture whose Worker calls a host in which `change` replaces methods. */
async function createWithHost(
  change: (host: SessionHost) => Partial<SessionHost>,
  options: FixtureOptions = {},
) {
  const fixture = await createTurnFixture(options);
  const { deps } = fixture.api;
  const hosts: SessionHosts = deps.hosts;
  deps.hosts = (sessionId) => {
    const host = hosts(sessionId);
    return { ...host, ...change(host) };
  };
  return fixture;
}

const turnsOf = async (fixture: Fixture) => (await fixture.list()).body.data;
const untilStored = (fixture: Fixture) =>
  until("the run is over", async () => (await fixture.claim()) === undefined);

describe("a run that is handed over", () => {
  test("twice at once, and then again, is executed once, and each call gets its turn", async () => {
    const answers: unknown[] = [];
    const fixture = await createWithHost((host) => ({
      async run(handOver) {
        const [first, second] = await Promise.all([host.run(handOver), host.run(handOver)]);
        answers.push(first, second, await host.run(handOver));
        return first;
      },
    }));

    const { body } = await fixture.post("@ada hello");

    expect(body).toMatchObject({ status: "completed" });
    expect(answers).toHaveLength(3);
    for (const answer of answers) expect(answer).toMatchObject({ kind: "stored", answer: { stored: {} } });
    expect(await fixture.models.journal()).toHaveLength(1);
  });

  test("twice as a stream is executed once, and both streams have the same events", async () => {
    const bodies: Promise<string>[] = [];
    const fixture = await createWithHost((host) => ({
      async watch(handOver, client) {
        const [first, second] = await Promise.all([
          host.watch(handOver, client),
          host.watch(handOver, client),
        ]);
        if (second.kind === "streaming") bodies.push(new Response(second.body).text());
        return first;
      },
    }));

    const { text } = await fixture.api
      .as(fixture.owner)
      .post(`${fixture.turnsPath}/stream`, { message: "@ada hello" });

    expect(text).toContain('"type":"RUN_FINISHED"');
    expect(await Promise.all(bodies)).toEqual([text]);
    expect(await fixture.models.journal()).toHaveLength(1);
  });

  test("is handed over again where the answer is lost, and the second call gets the turn of the first", async () => {
    let calls = 0;
    const fixture = await createWithHost((host) => ({
      async run(handOver) {
        calls += 1;
        const answer = await host.run(handOver);
        if (calls === 1) throw new Error("the answer was lost");
        return answer;
      },
    }));

    expect(await fixture.post("@ada hello")).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(calls).toBe(2);
    expect(await fixture.models.journal()).toHaveLength(1);
  });

  test("to an object that never answers is not executed or released by the Worker", async () => {
    const fixture = await createWithHost(() => ({ run: () => Promise.reject(new Error("no object")) }));

    const answer = await fixture.post("@ada hello", { key: "k" });

    expect(answer).toMatchObject({ status: 409, body: { code: "turn_in_progress" } });
    expect(await fixture.models.journal()).toEqual([]);
    const claim = await fixture.claim();
    expect(answer.body.turn_id).toBe(claim?.turn_id);
    expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
  });

  test("and was cancelled on its way calls no model, and is stored", async () => {
    const answers: boolean[] = [];
    const fixture = await createWithHost((host) => ({
      async run(handOver) {
        answers.push(await host.cancel({ runId: handOver.run.turn.claim.runId }));
        return host.run(handOver);
      },
    }));

    const { body } = await fixture.post("@ada hello");

    expect(answers).toEqual([false]);
    expect(body).toMatchObject({ status: "failed", replies: [{ error: { code: "cancelled" } }] });
    expect(await fixture.models.journal()).toEqual([]);
  });

  test("in a format that its object cannot read is left to recovery", async () => {
    const fixture = await createWithHost((host) => ({
      run: (handOver) => host.run({ ...handOver, format: handOver.format + 1 }),
    }));

    expect(await fixture.post("@ada hello")).toMatchObject({
      status: 409,
      body: { code: "turn_in_progress" },
    });
    expect(await fixture.models.journal()).toEqual([]);
  });

  test("to an object that then loses its memory is not started again under the same holder", async () => {
    const given: HandOver[] = [];
    const fixture = await createWithHost((host) => ({
      run(handOver) {
        given.push(handOver);
        return host.run(handOver);
      },
    }));
    await fixture.models.script(says("ada", { text: "late", hold: "gate" }));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });

    await loseObject(fixture.sessionId);

    expect(await post).toMatchObject({ status: 409, body: { code: "turn_in_progress" } });
    expect(given.length).toBeGreaterThan(1);
    expect(await fixture.models.journal()).toHaveLength(1);
    expect(await fixture.rowCounts()).toEqual(noRows);
  });
});

describe("an object that has lost its memory", () => {
  test("recovers its run at a later alarm, where it is lost a second time while it recovers it", async () => {
    const fixture = await createTurnFixture();
    const { models, sessionId } = fixture;
    await models.script(says("ada", { text: "late", hold: "gate" }, 1), says("ada", "in time"));
    const post = fixture.post("@ada hello");
    await models.wait({ calls: 1 });
    await loseObject(sessionId);
    await post;
    await endLease(fixture);
    const recoverInVain = async () => {
      noteWatch(sessionId);
      await expect(passAlarm(sessionId)).rejects.toThrow();
    };
    await watchDatabase(recoverInVain, async (ask, n) => {
      if (n === 1) await loseObject(sessionId);
      return ask();
    });

    await passAlarm(sessionId);
    await untilStored(fixture);

    expect(await turnsOf(fixture)).toMatchObject([{ turn_index: 1, status: "completed" }]);
    await models.release("gate");
    await expectLedgerMatchesCalls(fixture);
  });

  test("resumes its run at the end of the lease, and calls no agent again that has answered", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
    await fixture.models.script(says("ada", "one"), says("bob", { text: "late", hold: "gate" }, 1));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await loseObject(fixture.sessionId);
    await post;
    await endLease(fixture);

    await passAlarm(fixture.sessionId);
    await untilStored(fixture);

    expect(await turnsOf(fixture)).toMatchObject([{ turn_index: 1, status: "completed" }]);
    expect(await listCallers(fixture)).toEqual(["ada", "bob", "bob", "cy"]);
    await fixture.models.release("gate");
    await expectLedgerMatchesCalls(fixture);
  });

  test("waits while the lease lasts", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "late", hold: "gate" }, 1));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    await loseObject(fixture.sessionId);
    await post;

    await passAlarm(fixture.sessionId);

    expect(await fixture.claim()).toMatchObject({ past_holders: [] });
    expect(await fixture.models.journal()).toHaveLength(1);
  });

  test("settles a run that has lost five holders", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    await fixture.models.script(says("ada", "one"), says("bob", { text: "late", hold: "gate" }));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await loseObject(fixture.sessionId);
    await post;
    await fixture.sql`update turn_claims set past_holders = (select jsonb_agg(jsonb_build_object('holder',
        gen_random_uuid(), 'checkpointId', null)) from generate_series(1, 5))
      where session_id = ${fixture.sessionId}`;
    await endLease(fixture);

    await passAlarm(fixture.sessionId);
    await untilStored(fixture);

    expect(await turnsOf(fixture)).toMatchObject([
      { status: "partial", replies: [{ content: "one" }, { error: { code: "abandoned" } }] },
    ]);
  });
});

test("a post that finds a run whose holder is gone makes the session's object resume it", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await fixture.models.script(
    says("ada", "one"),
    says("bob", { text: "late", hold: "gate" }, 1),
    says("bob", { text: "again", hold: "second" }),
  );
  const post = fixture.post("hello");
  await fixture.models.wait({ calls: 2 });
  await answersStored(fixture, { steps: 1 });
  await loseObject(fixture.sessionId);
  await post;
  await endLease(fixture);

  const next = await fixture.post("and now?");

  expect(next).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
  await fixture.models.wait({ calls: 3 });
  await fixture.models.release("gate");
  await fixture.models.release("second");
  await untilStored(fixture);
  expect(await turnsOf(fixture)).toMatchObject([{ user_input: "hello", status: "completed" }]);
  await expectLedgerMatchesCalls(fixture);
});
