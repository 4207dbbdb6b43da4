import { describe, expect, test } from "vitest";
import { takeOverRun } from "../../../src/db/turn/take-over-run.ts";
import type { Answer } from "../../support/api.ts";
import { delaying, watchDatabase } from "../../support/database-requests.ts";
import { createTurnFixture, noRows, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { expireLease } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

const anOpen = String.raw`into \"turn_claims\"`;

/** The database opens the run and its answer is lost. Before the request is sent again, something happens. */
function losingFirstOpen(meanwhile: () => Promise<void>) {
  let isLost = false;
  return async (ask: () => Promise<Response>, _n: number, body: string): Promise<Response> => {
    const response = await ask();
    if (isLost || !body.includes(anOpen)) return response;
    isLost = true;
    await response.arrayBuffer();
    await meanwhile();
    throw new TypeError("the connection was lost");
  };
}

describe("a late copy of the request that opens a run", () => {
  test("takes no claim for a turn without a key that is already stored", async () => {
    const fixture = await createTurnFixture();
    const late = delaying(anOpen);
    const { result: posted } = await watchDatabase(() => fixture.post("@ada hello"), late.answer);
    expect(posted.status).toBe(201);

    expect(await late.arrive()).toBe(200);

    expect(await fixture.claim()).toBeUndefined();
    expect(await fixture.post("@ada and then")).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect(await fixture.rowCounts()).toMatchObject({ turns: 2, turn_runs: 2 });
  });

  test("takes none for a retry that is already stored and has failed again", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { status: 400 }));
    const { body: failed } = await fixture.post("@ada hello");
    const retry = () => fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${failed.id}/retry`);
    const late = delaying(anOpen);
    const { result: retried } = await watchDatabase(retry, late.answer);
    expect(retried).toMatchObject({ status: 201, body: { status: "failed" } });

    expect(await late.arrive()).toBe(200);

    expect(await fixture.claim()).toBeUndefined();
    await fixture.models.script(says("ada", "at last"));
    expect(await retry()).toMatchObject({ status: 201, body: { status: "completed" } });
  });

  test("takes none for a turn that was refused after its claim was taken", async () => {
    const fixture = await createTurnFixture({ settings: { MODELS_JSON: JSON.stringify([smallModel]) } });
    const late = delaying(anOpen);
    const tooLong = `@ada ${"a long story ".repeat(2_000)}`;
    const { result: refused } = await watchDatabase(() => fixture.post(tooLong), late.answer);
    expect(refused).toMatchObject({ status: 422, body: { code: "context_budget_exceeded" } });

    expect(await late.arrive()).toBe(200);

    expect(await fixture.claim()).toBeUndefined();
    expect(await fixture.rowCounts()).toEqual(noRows);
    expect(await fixture.post("@ada hello")).toMatchObject({ status: 201, body: { turn_index: 1 } });
  });

  test("that planning refuses leaves nothing in the ledger, though it took a claim", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "one", hold: "gate" }, 1), says("ada", "two"));
    const running = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    const late = delaying(anOpen);
    const { result: conflict } = await watchDatabase(() => fixture.post("nobody is asked"), late.answer);
    expect(conflict).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    await fixture.models.release("gate");
    await running;
    expect(await late.arrive()).toBe(200);
    expect((await fixture.claim())?.request).toEqual({ message: "nobody is asked" });
    await expireLease(fixture);

    const next = await fixture.post("@ada and then");

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2 } });
    await expectLedgerMatchesCalls(fixture);
    expect(await fixture.ledger()).toHaveLength(2);
  });

  test("does not give the claim back to a replaced holder", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(
      says("ada", { text: "lost", hold: "gate" }, 1),
      says("ada", { text: "lost too", hold: "gate" }, 2),
      says("ada", "in time"),
    );
    const late = delaying(anOpen);
    const first = watchDatabase(() => fixture.post("@ada hello", { key: "k" }), late.answer);
    await fixture.models.wait({ calls: 1 });
    await expireLease(fixture);
    const second = fixture.post("@ada hello", { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await expireLease(fixture);
    const before = await fixture.claim();

    expect(await late.arrive()).toBe(200);

    expect(await fixture.claim()).toEqual(before);
    const third = await fixture.post("@ada hello", { key: "k" });
    await fixture.models.release("gate");
    expect(third).toMatchObject({ status: 201, body: { replies: [{ content: "in time" }] } });
    expect([(await first).result.status, (await second).status]).toEqual([409, 409]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("returns its own turn, where another request has settled it", async () => {
    const fixture = await createTurnFixture();
    const { result: posted } = await watchDatabase(
      () => fixture.post("@ada hello"),
      losingFirstOpen(async () => {
        await expireLease(fixture);
        expect((await fixture.post("@ada something else")).status).toBe(201);
      }),
    );

    expect(posted).toMatchObject({ status: 201, body: { turn_index: 1, status: "failed" } });
    expect(posted.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await fixture.models.journal()).toHaveLength(1);
    expect(await fixture.rowCounts()).toMatchObject({ turns: 2 });
  });

  test("recovers its own run, where the holder that took it over is gone too", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "lost", hold: "gate" }, 1));
    let second: Promise<Answer> | undefined;
    const { result: posted } = await watchDatabase(
      () => fixture.post("@ada hello", { key: "k" }),
      losingFirstOpen(async () => {
        await expireLease(fixture);
        second = fixture.post("@ada hello", { key: "k" });
        await fixture.models.wait({ calls: 1 });
        await expireLease(fixture);
      }),
    );

    expect(posted).toMatchObject({ status: 201, body: { turn_index: 1, status: "failed" } });
    await fixture.models.release("gate");
    expect((await second)?.status).toBe(409);
    await expectLedgerMatchesCalls(fixture);
  });

  test("is a conflict, where its run was recovered and refused: the session is there, and takes new turns", async () => {
    const fixture = await createTurnFixture();
    const { result: posted } = await watchDatabase(
      () => fixture.post("nobody is asked"),
      losingFirstOpen(async () => {
        await expireLease(fixture);
        expect(await fixture.post("@ada hello")).toMatchObject({ status: 201, body: { turn_index: 1 } });
      }),
    );

    expect(posted).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    expect(await fixture.post("nobody is asked")).toMatchObject({ status: 422 });
    expect(await fixture.post("@ada and then")).toMatchObject({ status: 201, body: { turn_index: 2 } });
  });
});

const smallModel = {
  alias: "deepseek",
  provider: "own",
  model: "small",
  context_window: 2_048,
  multiplier: 1,
};

test("a late copy of a takeover does not give the claim back to a replaced holder", async () => {
  const fixture = await createTurnFixture();
  const dead = await claimAbandonedRun(fixture);
  const { db } = fixture.api.deps;
  const [settler, other] = [crypto.randomUUID(), crypto.randomUUID()];
  const takeover = (holder: string) => ({ ...dead, holder, leaseMs: 30_000, replaced: null });
  expect(await takeOverRun(db, takeover(settler))).toMatchObject({ kind: "taken" });
  await expireLease(fixture);
  expect(await takeOverRun(db, takeover(other))).toMatchObject({ kind: "taken" });
  await expireLease(fixture);

  expect(await takeOverRun(db, takeover(settler))).toEqual({ kind: "not_free" });

  expect(await fixture.claim()).toMatchObject({ holder: other });
});

describe("a claim for a run that is already stored, as late copies used to leave them", () => {
  test.each([
    ["with a lease", "30 seconds"],
    ["whose lease has run out", "-1 second"],
  ])("%s is deleted when it is settled, and the session goes on", async (_lease, left) => {
    const fixture = await createTurnFixture();
    const { body: turn } = await fixture.post("@ada hello");
    const before = await fixture.rowCounts();
    const dead = await claimAbandonedRun(fixture, turn.id);
    await fixture.sql`update turn_claims set lease_until = clock_timestamp() + ${left}::interval
      where run_id = ${turn.id}`;

    const takeover = await takeOverRun(fixture.api.deps.db, {
      ...dead,
      holder: crypto.randomUUID(),
      leaseMs: 30_000,
      replaced: null,
    });

    expect(takeover).toEqual({ kind: "claim_deleted" });
    expect(await fixture.claim()).toBeUndefined();
    expect(await fixture.rowCounts()).toEqual(before);
  });

  test("is logged where a post finds it", async () => {
    const fixture = await createTurnFixture();
    const { body: turn } = await fixture.post("@ada hello");
    await claimAbandonedRun(fixture, turn.id);

    expect(await fixture.post("@ada and then")).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect(fixture.api.lines).toContainEqual(
      expect.objectContaining({ event: "claim_deleted", level: "warn", run_id: turn.id }),
    );
    expect(await fixture.rowCounts()).toMatchObject({ turns: 2, turn_runs: 2 });
  });
});

/** A claim that nobody holds; of a new run, or of this one. */
async function claimAbandonedRun({ sql, sessionId, roomId }: TurnFixture, runId = crypto.randomUUID()) {
  const snapshot = {
    roomId,
    goal: null,
    mode: "manual",
    consumesPendingMode: false,
    roster: [],
    userMessageId: crypto.randomUUID(),
  };
  await sql`insert into turn_claims (session_id, run_id, turn_id, kind, turn_index, request_hash, request, snapshot,
    holder, lease_until) values (${sessionId}, ${runId}, ${runId}, 'turn', 1, 'x', '{"message":"@ada old"}',
    ${JSON.stringify(snapshot)}::jsonb, gen_random_uuid(), clock_timestamp() - interval '1 second')`;
  return { sessionId, runId };
}
