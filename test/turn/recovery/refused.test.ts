import { describe, expect, test } from "vitest";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { agentSays, managerPicksInRounds, synthesisSays } from "../modes/support/model-calls.ts";
import { answersStored, expireLease } from "./support/abandoned-run.ts";

/** A round table whose first agent has answered, whose second is being listCallers, and whose holder is gone. */
async function leaveRoundTable() {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await fixture.models.script(says("ada", "first"), says("bob", { text: "late", hold: "gate" }, 1));
  const post = fixture.post("hello", { key: "k" });
  await fixture.models.wait({ calls: 2 });
  await answersStored(fixture, { steps: 1 });
  await expireLease(fixture);
  return { fixture, post };
}

/** As if the rules of the next deployment refused the run's plan: a tag room, and a message that tags no agent. */
async function refusePlan({ sql, sessionId }: TurnFixture): Promise<void> {
  await sql`update turn_claims set snapshot = jsonb_set(snapshot, '{mode}', '"manual"')
    where session_id = ${sessionId}`;
}

const checkpointsOf = async ({ sql }: TurnFixture, runId: string) =>
  (await sql`select count(*)::int as rows from checkpoints where thread_id = ${runId}`)[0]?.rows;

const summarise = async (fixture: TurnFixture) =>
  (await fixture.ledger()).map(({ agent_key, status, turn_id }) => [agent_key, status, turn_id]);

const estimatedSteps = async (fixture: TurnFixture) =>
  (await fixture.ledger())
    .filter(({ status }) => status === "unknown")
    .map(({ step, model_alias }) => [step, model_alias]);

describe("a run that planning refuses after a past holder called models", () => {
  test("leaves no turn, and its calls and estimates in the ledger, when another request settles it", async () => {
    const { fixture, post } = await leaveRoundTable();
    const runId = (await fixture.claim())?.run_id;
    await refusePlan(fixture);
    await fixture.models.script(says("ada", "next"), says("bob", "next"));

    const next = await fixture.post("and now?", { key: "other" });

    expect(next).toMatchObject({ status: 201, body: { turn_index: 1, user_input: "and now?" } });
    expect(await checkpointsOf(fixture, runId)).toBe(0);
    const left = (await fixture.ledger()).filter(({ run_id }) => run_id === runId);
    expect(left.map(({ agent_key, status, turn_id }) => [agent_key, status, turn_id])).toEqual([
      ["ada", "completed", null],
      ...Array(3).fill(["bob", "unknown", null]),
    ]);
    expect(Number(left[0]?.credits)).toBeGreaterThan(0);
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
  });

  test("is answered with its refusal when its client returns, and keeps the ledger rows", async () => {
    const { fixture, post } = await leaveRoundTable();
    await refusePlan(fixture);

    const again = await fixture.post("hello", { key: "k" });

    expect(again).toMatchObject({ status: 422, body: { code: "no_valid_tagged_agents" } });
    expect(await fixture.claim()).toBeUndefined();
    expect(await summarise(fixture)).toEqual([
      ["ada", "completed", null],
      ...Array(3).fill(["bob", "unknown", null]),
    ]);
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
  });

  test("gets the late report of its replaced holder in place of the estimates", async () => {
    const { fixture, post } = await leaveRoundTable();
    await refusePlan(fixture);
    await fixture.post("hello", { key: "k" });

    await fixture.models.release("gate");
    await post;

    expect(await summarise(fixture)).toEqual([
      ["ada", "completed", null],
      ["bob", "completed", null],
    ]);
  });

  test("has estimates of an agent's second answer that was in flight, under the model that gave it", async () => {
    const fixture = await createTurnFixture({
      agents: ["ada"],
      mode: "orchestrator",
      orchestration: { maxRounds: 2 },
    });
    await fixture.models.script(
      ...managerPicksInRounds(["ada"], ["ada"]),
      agentSays("ada", "first", 1),
      agentSays("ada", { text: "late", hold: "gate" }, 2),
    );
    const post = fixture.post("hello", { key: "k", modelAliasOverride: "premium" });
    await fixture.models.wait({ calls: 4 });
    await answersStored(fixture, { steps: 3 });
    await expireLease(fixture);
    await refusePlan(fixture);

    expect((await fixture.post("hello", { key: "k", modelAliasOverride: "premium" })).status).toBe(422);

    expect(await estimatedSteps(fixture)).toEqual(Array(3).fill(["ada#2", "premium"]));
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    expect(await estimatedSteps(fixture)).toEqual([]);
  });

  test("has estimates of its synthesis", async () => {
    const fixture = await createTurnFixture({
      agents: ["ada"],
      mode: "roundtable",
      orchestration: { synthesis: "manager" },
      settings: { MANAGER_MODEL_ALIAS: "qwen" },
    });
    await fixture.models.script(
      synthesisSays({ text: "late", hold: "gate" }, 1),
      agentSays("ada", "first", 1),
    );
    const post = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await expireLease(fixture);
    await refusePlan(fixture);

    expect((await fixture.post("hello", { key: "k" })).status).toBe(422);

    expect(await estimatedSteps(fixture)).toEqual(Array(3).fill(["synthesis", "qwen"]));
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    expect(await estimatedSteps(fixture)).toEqual([]);
  });

  test("has no estimates of agents that its roster does not name", async () => {
    const { fixture, post } = await leaveRoundTable();
    const { sql, sessionId } = fixture;
    await sql`update turn_claims set snapshot = jsonb_set(snapshot, '{roster}', '[]') where session_id = ${sessionId}`;

    const again = await fixture.post("hello", { key: "k" });

    expect(again).toMatchObject({ status: 422, body: { code: "no_room_agents" } });
    expect(await summarise(fixture)).toEqual([["ada", "completed", null]]);
    await fixture.models.release("gate");
    await post;
    expect(await summarise(fixture)).toHaveLength(2);
  });
});

test("a run that is refused before any model was called leaves nothing in the ledger", async () => {
  const fixture = await createTurnFixture();

  expect(await fixture.post("hello")).toMatchObject({ status: 422 });

  expect(await fixture.claim()).toBeUndefined();
  expect(await fixture.ledger()).toEqual([]);
});
