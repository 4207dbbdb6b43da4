import { describe, expect, test } from "vitest";
import { createTurnScene, noRows, says, type TurnScene } from "../support/turn-scene.ts";

/** A session whose claim was left behind, as by a Worker that died in mid-turn. */
async function abandonTurn(
  { sql, sessionId }: TurnScene,
  { leaseLeft, key = null }: { leaseLeft: string; key?: string | null },
) {
  await sql`insert into turn_claims (session_id, run_id, turn_id, kind, turn_index, idempotency_key, request_hash,
    request, snapshot, holder, past_holders, lease_until) values (${sessionId}, gen_random_uuid(), gen_random_uuid(),
    'turn', 1, ${key}, 'another hash', '{"message":"old"}', '{}', gen_random_uuid(), '["someone"]',
    clock_timestamp() + ${leaseLeft}::interval)`;
}

describe("a claim left behind", () => {
  test("is replaced once its lease has run out", async () => {
    const scene = await createTurnScene();
    await abandonTurn(scene, { leaseLeft: "-1 millisecond" });

    const answer = await scene.post("@ada hello");

    expect(answer).toMatchObject({ status: 201, body: { turn_index: 1, user_input: "@ada hello" } });
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

  test("is replaced whole: nothing of the run before stays in it", async () => {
    const scene = await createTurnScene();
    await abandonTurn(scene, { leaseLeft: "-1 minute", key: "old" });
    await scene.models.script(says("ada", { text: "hi", hold: "gate" }));

    const post = scene.post("@ada hello");
    await scene.models.wait({ calls: 1 });

    expect(await scene.claim()).toMatchObject({
      idempotency_key: null,
      request: { message: "@ada hello" },
      snapshot: { roomId: scene.roomId, roster: [{ agentKey: "ada" }] },
      past_holders: [],
    });
    await scene.models.release("gate");
    expect((await post).status).toBe(201);
  });
});

test("a turn that outlived its lease cannot commit once another has its claim", async () => {
  const scene = await createTurnScene({ agents: ["ada", "bob"] });
  await scene.models.script(says("ada", { text: "late", hold: "slow" }), says("bob", "in time"));
  const slow = scene.post("@ada hello");
  await scene.models.wait({ calls: 1 });
  await scene.sql`update turn_claims set lease_until = clock_timestamp() - interval '1 second'
    where session_id = ${scene.sessionId}`;

  const quick = await scene.post("@bob hello");
  await scene.models.release("slow");
  const late = await slow;

  expect(quick).toMatchObject({ status: 201, body: { turn_index: 1, assistant_output: "in time" } });
  expect(late).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
  expect((await scene.list()).body.data).toEqual([quick.body]);
  expect(await scene.rowCounts()).toMatchObject({
    ...noRows,
    turns: 1,
    turn_runs: 1,
    messages: 2,
    turn_context_audit: 1,
    llm_call_events: 2,
  });
  expect(await scene.ledger()).toMatchObject([
    { agent_key: "ada", turn_id: null },
    { agent_key: "bob", turn_id: quick.body.id },
  ]);
});

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

test("the lease lasts longer than the turn may", async () => {
  const scene = await createTurnScene({ settings: { TURN_TIMEOUT_MS: "10000" } });
  await scene.models.script(says("ada", { text: "hi", hold: "gate" }));
  const post = scene.post("@ada hello");
  await scene.models.wait({ calls: 1 });

  const [row] = await scene.sql`select extract(epoch from lease_until - clock_timestamp())::float8 as left_s
    from turn_claims where session_id = ${scene.sessionId}`;

  expect(row?.left_s).toBeGreaterThan(15);
  expect(row?.left_s).toBeLessThanOrEqual(40);
  await scene.models.release("gate");
  await post;
});
