import { describe, expect, test } from "vitest";
import { awayFrom, failing, watchDatabase } from "../../support/database-requests.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { until } from "../../support/until.ts";
import { managerSays } from "../modes/support/model-calls.ts";
import { answersStored, expireLease } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

/** Stands in the statements of every commit of a turn, and in no other request's. */
const commits = '\\"turn_runs\\" (\\"id\\"';
/** Stands in what ends or renews a lease. */
const leases = "renew_lease";

const stateOf = async (fixture: TurnFixture) =>
  (await fixture.ledger()).map(({ agent_key, status, turn_id }) => [agent_key, status, turn_id]);

describe("a run whose code throws", () => {
  async function crash(agents: string[], answersBefore: number) {
    let isBroken = false;
    const newId = () => {
      if (isBroken) throw new Error("no ids are left");
      return crypto.randomUUID();
    };
    const fixture = await createTurnFixture({ agents, mode: "roundtable", deps: { newId } });
    await fixture.models.script(says(agents.at(-1) ?? "", { text: "lost", hold: "gate" }, 1));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: agents.length });
    if (answersBefore > 0) await answersStored(fixture, { steps: answersBefore });
    isBroken = true;
    await fixture.models.release("gate");
    const answer = await post;
    isBroken = false;
    return { fixture, answer };
  }

  test.each([
    ["its only call", ["ada"], 0],
    ["all its calls, stored or not", ["ada", "bob"], 1],
  ])("reports %s to the ledger, and recovery needs no estimates", async (_calls, agents, answersBefore) => {
    const { fixture, answer } = await crash(agents, answersBefore);

    expect(answer).toMatchObject({ status: 500, body: { code: "internal_error" } });
    expect(fixture.api.lines).toContainEqual(
      expect.objectContaining({ event: "turn_not_committed", code: "crashed" }),
    );
    expect(await stateOf(fixture)).toEqual(agents.map((key) => [key, "completed", null]));
    await expireLease(fixture);
    expect((await fixture.post("and then")).body).toMatchObject({ turn_index: 2 });
    const [settled] = (await fixture.list()).body.data;
    const rows = (await stateOf(fixture)).filter(([, , turnId]) => turnId === settled.id);
    expect(rows).toEqual(agents.map((key) => [key, "completed", settled.id]));
    await expectLedgerMatchesCalls(fixture);
  });
});

test("a run whose answers could be stored neither with its turn nor before another took over reports its calls", async () => {
  const fixture = await createTurnFixture();
  const { result } = await watchDatabase(
    () => fixture.post("@ada hello", { key: "k" }),
    failing(commits, leases),
  );
  expect(result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
  await expireLease(fixture);

  const again = await fixture.post("@ada hello", { key: "k" });

  expect(again).toMatchObject({ status: 201, body: { status: "completed" } });
  await until("the report is there", async () =>
    (await fixture.ledger()).every(({ status }) => status === "completed"),
  );
  expect(await stateOf(fixture)).toEqual(Array(2).fill(["ada", "completed", again.body.id]));
  await expectLedgerMatchesCalls(fixture);
});

test("a run whose commit has no answer is a conflict, and its key then returns the turn", async () => {
  const fixture = await createTurnFixture();
  let isCommitted = false;
  const { result } = await watchDatabase(
    () => fixture.post("@ada hello", { key: "k" }),
    async (ask, _n, body) => {
      if (isCommitted && !body.includes(leases)) return new Response("bad gateway", { status: 502 });
      const response = await ask();
      if (!body.includes(commits)) return response;
      isCommitted = true;
      await response.arrayBuffer();
      throw new TypeError("the connection was lost");
    },
  );

  const again = await fixture.post("@ada hello", { key: "k" });

  expect(again.headers.get("Idempotency-Replayed")).toBe("true");
  expect(result).toMatchObject({ status: 409, body: { code: "turn_conflict", turn_id: again.body.id } });
  expect(result.headers.get("Retry-After")).toBe("1");
  expect(await stateOf(fixture)).toEqual([["ada", "completed", again.body.id]]);
});

test("a refused run whose claim cannot be deleted leaves it to recovery", async () => {
  const fixture = await createTurnFixture();

  const { result } = await watchDatabase(() => fixture.post("nobody is tagged"), failing("refused_run_id ="));

  expect(result).toMatchObject({ status: 503, body: { code: "database_unavailable" } });
  const claim = await fixture.claim();
  expect(fixture.api.lines).toContainEqual(
    expect.objectContaining({
      event: "claim_not_released",
      code: "no_valid_tagged_agents",
      run_id: claim?.run_id,
    }),
  );
  await expireLease(fixture);
  expect((await fixture.post("@ada hello")).body).toMatchObject({ turn_index: 1, status: "completed" });
});

type DatabaseAnswer = NonNullable<Parameters<typeof watchDatabase>[1]>;
type Meanwhile = (fixture: TurnFixture) => Promise<unknown>;

describe("a run whose commit is refused and whose claim it cannot delete", () => {
  /** Stands in what deletes the claim of a run without a turn, and in no other request. */
  const releases = "refused_run_id =";
  /** Stands in late reports, and in no other request. */
  const reports = 'excluded.\\"usage_source';

  /** Ada's answer is stored. Before bob's arrives, a turn has taken the index of theirs. */
  async function postRefused(answerFor: (fixture: TurnFixture) => DatabaseAnswer, then?: Meanwhile) {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    await fixture.models.script(says("bob", { text: "lost", hold: "gate" }, 1));
    const { result } = await watchDatabase(async () => {
      const posted = fixture.post("hello");
      await answersStored(fixture, { steps: 1 });
      await fixture.models.wait({ calls: 2 });
      await fixture.sql`insert into turns (id, session_id, turn_index, mode, user_input, assistant_output, status,
        model_alias_used, created_at)
        values (gen_random_uuid(), ${fixture.sessionId}, 1, 'tag', 'x', 'y', 'completed', 'llama', now())`;
      await fixture.models.release("gate");
      const refused = await posted;
      await then?.(fixture);
      return refused;
    }, answerFor(fixture));
    return { fixture, result };
  }

  const settle = async (fixture: TurnFixture) => {
    await expireLease(fixture);
    expect((await fixture.post("and then")).body).toMatchObject({ turn_index: 2, status: "completed" });
  };
  const ofRefusedRun = async (fixture: TurnFixture) =>
    (await stateOf(fixture)).filter(([, , turnId]) => turnId === null).toSorted();
  const bothReported = [
    ["ada", "completed", null],
    ["bob", "completed", null],
  ];

  test("because the database is away reports its calls when it is back", async () => {
    const { fixture, result } = await postRefused(() => awayFrom(releases));

    expect(result).toMatchObject({ status: 503, body: { code: "database_unavailable" } });
    await until("the report is there", async () => (await ofRefusedRun(fixture)).length === 2);
    expect(await ofRefusedRun(fixture)).toEqual(bothReported);
    await settle(fixture);
    expect(await ofRefusedRun(fixture)).toEqual(bothReported);
  });

  test("and that is lost itself leaves its calls to recovery: an estimate of what no checkpoint has", async () => {
    let isSettling = false;
    const { fixture } = await postRefused(
      () => async (ask, _n, body) => {
        const fails = body.includes(reports) || (body.includes(releases) && !isSettling);
        return fails ? new Response("bad gateway", { status: 502 }) : ask();
      },
      async (posted) => {
        isSettling = true;
        await settle(posted);
      },
    );

    // One estimate for each attempt of the call.
    expect(await ofRefusedRun(fixture)).toEqual([
      ["ada", "completed", null],
      ...Array(3).fill(["bob", "unknown", null]),
    ]);
  });

  test("because another holder has settled it replaces the estimates of its calls", async () => {
    let isSettled = false;
    const { fixture } = await postRefused((running) => async (ask, _n, body) => {
      if (isSettled || !body.includes(releases)) return ask();
      isSettled = true;
      await settle(running);
      expect(await ofRefusedRun(running)).toContainEqual(["bob", "unknown", null]);
      return ask();
    });

    await until("the report is there", async () =>
      (await ofRefusedRun(fixture)).every(([, status]) => status === "completed"),
    );
    expect(await ofRefusedRun(fixture)).toEqual(bothReported);
  });
});

test("every line that a run logs names its request and its run", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "orchestrator" });
  await fixture.models.script(managerSays("whoever"), says("ada", { text: "hi", finish_reason: "weary" }));

  // The second request stores the manager's decision.
  const { result } = await watchDatabase(() => fixture.post("hello"), failing(2));

  const lines = fixture.api.lines.filter(({ event }) => event !== "request_done");
  expect(lines.map(({ event }) => event).toSorted()).toEqual([
    "checkpoint_degraded",
    "model_finish_unknown",
    "routing_fell_back",
    "turn_committed",
  ]);
  const named = { request_id: result.headers.get("X-Request-Id"), run_id: result.body.id };
  expect(lines).toEqual(lines.map(() => expect.objectContaining(named)));
});
