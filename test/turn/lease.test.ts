import { describe, expect, test } from "vitest";
import { createTurnScene, says, type TurnScene } from "../support/turn-scene.ts";

/** A session whose claim was left behind, as by a Worker that died in mid-turn. */
async function abandonTurn(
  { sql, sessionId, roomId }: TurnScene,
  { leaseLeft, key = null }: { leaseLeft: string; key?: string | null },
) {
  await sql`insert into turn_claims (session_id, run_id, turn_id, kind, turn_index, idempotency_key, request_hash,
    request, snapshot, holder, past_holders, lease_until) values (${sessionId}, gen_random_uuid(), gen_random_uuid(),
    'turn', 1, ${key}, 'another hash', '{"message":"@ada old"}', ${JSON.stringify(snapshotOf(roomId))}::jsonb,
    gen_random_uuid(), '[]', clock_timestamp() + ${leaseLeft}::interval)`;
}

const snapshotOf = (roomId: string) => ({
  ...{ roomId, goal: null, mode: "tag", consumesPendingMode: false, userMessageId: crypto.randomUUID() },
  roster: [
    {
      agentKey: "ada",
      name: "Ada",
      modelAlias: "deepseek",
      rolePrompt: "r",
      toolPermissions: [],
      position: 0,
    },
  ],
});

describe("a claim left behind", () => {
  test("is settled once its lease has run out, and the next turn follows it", async () => {
    const scene = await createTurnScene();
    await abandonTurn(scene, { leaseLeft: "-1 millisecond" });

    const answer = await scene.post("@ada hello");

    expect(answer).toMatchObject({ status: 201, body: { turn_index: 2, user_input: "@ada hello" } });
    expect((await scene.list()).body.data).toMatchObject([
      {
        turn_index: 1,
        status: "failed",
        user_input: "@ada old",
        replies: [{ error: { code: "abandoned" } }],
      },
      { turn_index: 2, status: "completed" },
    ]);
    expect(await scene.claim()).toBeUndefined();
  });

  test("is not replaced before, and the client is told for how long", async () => {
    const scene = await createTurnScene();
    await abandonTurn(scene, { leaseLeft: "90 seconds" });
    const before = await scene.claim();

    const answer = await scene.post("@ada hello");

    expect(answer).toMatchObject({ status: 409, body: { code: "turn_conflict", turn_id: before?.turn_id } });
    expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(60);
    expect(Number(answer.headers.get("Retry-After"))).toBeLessThanOrEqual(90);
    expect(await scene.claim()).toEqual(before);
    expect(await scene.models.journal()).toEqual([]);
  });

  test("whose lease has run out is not taken by another request under its key", async () => {
    const scene = await createTurnScene();
    await abandonTurn(scene, { leaseLeft: "-1 minute", key: "mine" });
    const before = await scene.claim();

    const answer = await scene.post("@ada something else", { key: "mine" });

    expect(answer).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
    expect(await scene.claim()).toEqual(before);
    expect(await scene.models.journal()).toEqual([]);
    expect((await scene.post("@ada hello", { key: "another" })).status).toBe(201);
  });
});

test("a turn that outlived its lease cannot commit once another has settled it", async () => {
  const scene = await createTurnScene({ agents: ["ada", "bob"] });
  await scene.models.script(says("ada", { text: "late", hold: "slow" }), says("bob", "in time"));
  const slow = scene.post("@ada hello");
  await scene.models.wait({ calls: 1 });
  await scene.sql`update turn_claims set lease_until = clock_timestamp() - interval '1 second'
    where session_id = ${scene.sessionId}`;

  const quick = await scene.post("@bob hello");
  await scene.models.release("slow");
  const late = await slow;

  expect(quick).toMatchObject({ status: 201, body: { turn_index: 2, assistant_output: "in time" } });
  expect(late).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
  const [settled, next] = (await scene.list()).body.data;
  expect(settled).toMatchObject({
    turn_index: 1,
    status: "failed",
    replies: [{ error: { code: "abandoned" } }],
  });
  expect(next).toEqual(quick.body);
  // What the late holder spent takes the place of the estimate, and belongs to the turn.
  expect(await scene.ledger()).toMatchObject([
    { agent_key: "ada", turn_id: settled.id, status: "completed", usage_source: "provider" },
    { agent_key: "bob", turn_id: quick.body.id },
  ]);
});

test.each([
  ["another key", { key: "b" }],
  ["none", {}],
])(
  "the same message under %s is a turn of its own, and does not take over the one left behind",
  async (_key, options) => {
    const scene = await createTurnScene();
    await scene.models.script(says("ada", { text: "late", hold: "slow" }, 1), says("ada", "in time"));
    const slow = scene.post("@ada hello", { key: "a" });
    await scene.models.wait({ calls: 1 });
    const abandoned = await scene.claim();
    await scene.sql`update turn_claims set lease_until = clock_timestamp() - interval '1 second'
    where session_id = ${scene.sessionId}`;

    const quick = await scene.post("@ada hello", options);
    await scene.models.release("slow");

    expect(quick).toMatchObject({ status: 201, body: { turn_index: 2, assistant_output: "in time" } });
    expect(quick.body.id).not.toBe(abandoned?.turn_id);
    expect((await slow).status).toBe(409);
    expect((await scene.read(abandoned?.turn_id)).body).toMatchObject({ turn_index: 1, status: "failed" });
  },
);

test("a turn that outlived its lease still commits where nobody has taken its claim", async () => {
  const scene = await createTurnScene();
  await scene.models.script(says("ada", { text: "late", hold: "slow" }));
  const slow = scene.post("@ada hello");
  await scene.models.wait({ calls: 1 });
  await scene.sql`update turn_claims set lease_until = clock_timestamp() - interval '1 second'
    where session_id = ${scene.sessionId}`;

  await scene.models.release("slow");

  expect((await slow).status).toBe(201);
});
