import { describe, expect, test } from "vitest";
import { silenceRecovery } from "../support/session-objects.ts";
import { createTurnFixture, says, type TurnFixture } from "../support/turn-fixture.ts";
import { expireLease } from "./recovery/support/abandoned-run.ts";

/** A session whose claim was left behind, as by a Worker that died in mid-turn. */
async function abandonTurn(
  { sql, sessionId, roomId }: TurnFixture,
  { leaseLeft, key = null }: { leaseLeft: string; key?: string | null },
) {
  silenceRecovery(sessionId);
  await sql`insert into turn_claims (session_id, run_id, turn_id, kind, turn_index, idempotency_key, request_hash,
    request, snapshot, holder, past_holders, lease_until) values (${sessionId}, gen_random_uuid(), gen_random_uuid(),
    'turn', 1, ${key}, 'another hash', '{"message":"@ada old"}', ${JSON.stringify(snapshotOf(roomId))}::jsonb,
    gen_random_uuid(), '[]', clock_timestamp() + ${leaseLeft}::interval)`;
}

const snapshotOf = (roomId: string) => ({
  roomId,
  goal: null,
  mode: "tag",
  consumesPendingMode: false,
  userMessageId: crypto.randomUUID(),
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

describe("the claim of a holder that is gone", () => {
  test("is settled once its lease has run out, and the next turn follows", async () => {
    const fixture = await createTurnFixture();
    await abandonTurn(fixture, { leaseLeft: "-1 millisecond" });

    const answer = await fixture.post("@ada hello");

    expect(answer).toMatchObject({ status: 201, body: { turn_index: 2, user_input: "@ada hello" } });
    expect((await fixture.list()).body.data).toMatchObject([
      {
        turn_index: 1,
        status: "failed",
        user_input: "@ada old",
        replies: [{ error: { code: "abandoned" } }],
      },
      { turn_index: 2, status: "completed" },
    ]);
    expect(await fixture.claim()).toBeUndefined();
  });

  test("is not replaced before, and Retry-After is no longer than the rest of the lease", async () => {
    const fixture = await createTurnFixture();
    await abandonTurn(fixture, { leaseLeft: "90 seconds" });
    const before = await fixture.claim();

    const answer = await fixture.post("@ada hello");

    expect(answer).toMatchObject({ status: 409, body: { code: "turn_conflict", turn_id: before?.turn_id } });
    expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(Number(answer.headers.get("Retry-After"))).toBeLessThanOrEqual(90);
    expect(await fixture.claim()).toEqual(before);
    expect(await fixture.models.journal()).toEqual([]);
  });

  test("whose lease has run out is not taken by another request under its key", async () => {
    const fixture = await createTurnFixture();
    await abandonTurn(fixture, { leaseLeft: "-1 minute", key: "mine" });
    const before = await fixture.claim();

    const answer = await fixture.post("@ada something else", { key: "mine" });

    expect(answer).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
    expect(await fixture.claim()).toEqual(before);
    expect(await fixture.models.journal()).toEqual([]);
    expect((await fixture.post("@ada hello", { key: "another" })).status).toBe(201);
  });
});

test("a turn that outlived its lease cannot commit once another holder has settled it", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
  await fixture.models.script(says("ada", { text: "late", hold: "slow" }), says("bob", "in time"));
  const slow = fixture.post("@ada hello");
  await fixture.models.wait({ calls: 1 });
  await expireLease(fixture);

  const quick = await fixture.post("@bob hello");
  await fixture.models.release("slow");
  const late = await slow;

  expect(quick).toMatchObject({ status: 201, body: { turn_index: 2, assistant_output: "in time" } });
  expect(late).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
  const [settled, next] = (await fixture.list()).body.data;
  expect(settled).toMatchObject({
    turn_index: 1,
    status: "failed",
    replies: [{ error: { code: "abandoned" } }],
  });
  expect(next).toEqual(quick.body);
  // What the late holder spent takes the place of the estimate, and belongs to the turn.
  expect(await fixture.ledger()).toMatchObject([
    { agent_key: "ada", turn_id: settled.id, status: "completed", usage_source: "provider" },
    { agent_key: "bob", turn_id: quick.body.id },
  ]);
});

test.each([
  ["another key", { key: "b" }],
  ["none", {}],
])(
  "the same message under %s is another turn, and does not take over the run that was left",
  async (_key, options) => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "late", hold: "slow" }, 1), says("ada", "in time"));
    const slow = fixture.post("@ada hello", { key: "a" });
    await fixture.models.wait({ calls: 1 });
    const abandoned = await fixture.claim();
    await expireLease(fixture);

    const quick = await fixture.post("@ada hello", options);
    await fixture.models.release("slow");

    expect(quick).toMatchObject({ status: 201, body: { turn_index: 2, assistant_output: "in time" } });
    expect(quick.body.id).not.toBe(abandoned?.turn_id);
    expect((await slow).status).toBe(409);
    expect((await fixture.read(abandoned?.turn_id)).body).toMatchObject({ turn_index: 1, status: "failed" });
  },
);

test("a turn that outlived its lease still commits where no other holder has taken its claim", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", { text: "late", hold: "slow" }));
  const slow = fixture.post("@ada hello");
  await fixture.models.wait({ calls: 1 });
  await expireLease(fixture);

  await fixture.models.release("slow");

  expect((await slow).status).toBe(201);
});
