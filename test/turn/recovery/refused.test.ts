import { describe, expect, test } from "vitest";
import { createTurnScene, says, type TurnScene } from "../../support/turn-scene.ts";
import { flushed, lapse } from "./support/dead-holder.ts";

/** A round table whose first agent has answered, whose second is being asked, and whose holder is gone. */
async function leaveRoundTable() {
  const scene = await createTurnScene({ agents: ["ada", "bob"], mode: "roundtable" });
  await scene.models.script(says("ada", "first"), says("bob", { text: "late", hold: "gate" }, 1));
  const post = scene.post("hello", { key: "k" });
  await scene.models.wait({ calls: 2 });
  await flushed(scene, { steps: 1 });
  await lapse(scene);
  return { scene, post };
}

/** As if the rules of the next deployment refused the run's plan: a tag room, and a message that tags no agent. */
async function refusePlan({ sql, sessionId }: TurnScene): Promise<void> {
  await sql`update turn_claims set snapshot = jsonb_set(snapshot, '{mode}', '"manual"')
    where session_id = ${sessionId}`;
}

const checkpointsOf = async ({ sql }: TurnScene, runId: string) =>
  (await sql`select count(*)::int as rows from checkpoints where thread_id = ${runId}`)[0]?.rows;

const summarise = async (scene: TurnScene) =>
  (await scene.ledger()).map(({ agent_key, status, turn_id }) => [agent_key, status, turn_id]);

describe("a run that planning refuses after a past holder called models", () => {
  test("leaves no turn, and its calls and estimates in the ledger, when another request settles it", async () => {
    const { scene, post } = await leaveRoundTable();
    const runId = (await scene.claim())?.run_id;
    await refusePlan(scene);
    await scene.models.script(says("ada", "next"), says("bob", "next"));

    const next = await scene.post("and now?", { key: "other" });

    expect(next).toMatchObject({ status: 201, body: { turn_index: 1, user_input: "and now?" } });
    expect(await checkpointsOf(scene, runId)).toBe(0);
    const left = (await scene.ledger()).filter(({ run_id }) => run_id === runId);
    expect(left.map(({ agent_key, status, turn_id }) => [agent_key, status, turn_id])).toEqual([
      ["ada", "completed", null],
      ...Array(3).fill(["bob", "unknown", null]),
    ]);
    expect(Number(left[0]?.credits)).toBeGreaterThan(0);
    await scene.models.release("gate");
    expect((await post).status).toBe(409);
  });

  test("is answered with its refusal when its client comes back, and keeps the ledger rows", async () => {
    const { scene, post } = await leaveRoundTable();
    await refusePlan(scene);

    const again = await scene.post("hello", { key: "k" });

    expect(again).toMatchObject({ status: 422, body: { code: "no_valid_tagged_agents" } });
    expect(await scene.claim()).toBeUndefined();
    expect(await summarise(scene)).toEqual([
      ["ada", "completed", null],
      ...Array(3).fill(["bob", "unknown", null]),
    ]);
    await scene.models.release("gate");
    expect((await post).status).toBe(409);
  });

  test("gets the late report of its replaced holder in place of the estimates", async () => {
    const { scene, post } = await leaveRoundTable();
    await refusePlan(scene);
    await scene.post("hello", { key: "k" });

    await scene.models.release("gate");
    await post;

    expect(await summarise(scene)).toEqual([
      ["ada", "completed", null],
      ["bob", "completed", null],
    ]);
  });

  test("has no estimates of agents that its roster does not name", async () => {
    const { scene, post } = await leaveRoundTable();
    const { sql, sessionId } = scene;
    await sql`update turn_claims set snapshot = jsonb_set(snapshot, '{roster}', '[]') where session_id = ${sessionId}`;

    const again = await scene.post("hello", { key: "k" });

    expect(again).toMatchObject({ status: 422, body: { code: "no_room_agents" } });
    expect(await summarise(scene)).toEqual([["ada", "completed", null]]);
    await scene.models.release("gate");
    await post;
    expect(await summarise(scene)).toHaveLength(2);
  });
});

test("a run that is refused before any model was called leaves nothing in the ledger", async () => {
  const scene = await createTurnScene();

  expect(await scene.post("hello")).toMatchObject({ status: 422 });

  expect(await scene.claim()).toBeUndefined();
  expect(await scene.ledger()).toEqual([]);
});
