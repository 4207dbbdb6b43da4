import { describe, expect, test } from "vitest";
import { createTestApi } from "../support/api.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";

test("a request repeated under its key returns the stored turn, and no model is called", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
  await fixture.models.script(says("bob", { status: 400 }));
  const first = await fixture.post("@ada @bob hello", { key: "k 1" });
  await fixture.post("@ada a later turn");
  const callsBefore = (await fixture.models.journal()).length;

  const again = await fixture.post("  @ada @bob hello ", { key: "k 1" });

  expect(again.status).toBe(201);
  expect(again.body).toEqual(first.body);
  expect(first.headers.get("Idempotency-Replayed")).toBeNull();
  expect(again.headers.get("Idempotency-Replayed")).toBe("true");
  expect(again.headers.get("Server-Timing")).toMatch(/model;dur=0,.*db;desc="2"/);
  expect(await fixture.models.journal()).toHaveLength(callsBefore);
  expect(await fixture.claim()).toBeUndefined();
  expect(await fixture.rowCounts()).toMatchObject({ turns: 2, turn_runs: 2 });
});

test("another request under a used key is refused, and nothing happens", async () => {
  const fixture = await createTurnFixture();
  await fixture.post("@ada hello", { key: "k" });

  const other = await fixture.post("@ada hello!", { key: "k" });
  const otherModel = await fixture.post("@ada hello", { key: "k", modelAliasOverride: "llama" });

  for (const answer of [other, otherModel]) {
    expect(answer).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
  }
  expect(await fixture.claim()).toBeUndefined();
  expect(await fixture.models.journal()).toHaveLength(1);
  expect(await fixture.rowCounts()).toMatchObject({ turns: 1 });
});

test("while a request is being answered, the same one waits for its turn and another under its key is refused", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
  const post = fixture.post("@ada hello", { key: "k" });
  await fixture.models.wait({ calls: 1 });
  const turnId = (await fixture.claim())?.turn_id;

  const again = fixture.post("@ada hello", { key: "k" });
  const other = await fixture.post("@ada something else", { key: "k" });
  const unkeyed = await fixture.post("@ada hello");

  expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
  expect(unkeyed).toMatchObject({ status: 409, body: { code: "turn_conflict", turn_id: turnId } });
  await fixture.models.release("gate");
  expect((await post).status).toBe(201);
  expect(await again).toMatchObject({ status: 201, body: { id: turnId } });
  expect(await fixture.models.journal()).toHaveLength(1);
});

test("two keys give two turns, also for the same message; so do two posts without a key", async () => {
  const fixture = await createTurnFixture();
  const answers = [];
  for (const options of [{ key: "a" }, { key: "b" }, {}, {}]) {
    answers.push(await fixture.post("@ada hello", options));
  }
  expect(answers.map(({ body }) => body.turn_index)).toEqual([1, 2, 3, 4]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(4);
});

test("a key belongs to its session: in another session it is a new request", async () => {
  const [one, other] = [await createTurnFixture(), await createTurnFixture()];
  await one.post("@ada hello", { key: "k" });

  const answer = await other.post("@ada something else", { key: "k" });

  expect(answer.status).toBe(201);
  expect(answer.headers.get("Idempotency-Replayed")).toBeNull();
});

test("a failed turn is returned again too; asking again needs another key", async () => {
  const fixture = await createTurnFixture();
  await fixture.models.script({ answer: { status: 400 } });
  const first = await fixture.post("@ada hello", { key: "k" });

  const again = await fixture.post("@ada hello", { key: "k" });

  expect(first.body.status).toBe("failed");
  expect(again.body).toEqual(first.body);
  expect(await fixture.models.journal()).toHaveLength(1);
});

describe("a model that has left the catalog", () => {
  const own = { alias: "own", provider: "acme", model: "acme/own", context_window: 65_536, multiplier: 1 };
  const withOwn = { MODELS_JSON: JSON.stringify([own]) };

  /** Posts with the model in one deployment; gives the next one's application, which has it no longer. */
  async function leaveCatalog() {
    const fixture = await createTurnFixture({ settings: withOwn });
    const stored = await fixture.post("@ada hello", { key: "k", modelAliasOverride: "own" });
    const next = createTestApi({ settings: { LLM_BASE_URL: fixture.models.baseUrl } }).as(fixture.owner);
    const post = (key?: string) =>
      next.post(
        fixture.turnsPath,
        { message: "@ada hello", model_alias_override: "own" },
        { headers: key === undefined ? {} : { "Idempotency-Key": key } },
      );
    return { fixture, stored, post };
  }

  test("does not prevent that a stored turn is returned for its key", async () => {
    const { fixture, stored, post } = await leaveCatalog();
    const again = await post("k");
    expect(again).toMatchObject({ status: 201, body: stored.body });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await fixture.models.journal()).toHaveLength(1);
  });

  test("does not prevent that an interrupted run is resumed with its key", async () => {
    const { fixture, post } = await leaveCatalog();
    const { sessionId, sql } = fixture;
    // As a Worker leaves it that died before its first call.
    await sql`insert into turn_claims (session_id, run_id, turn_id, kind, turn_index, idempotency_key, request_hash,
        request, snapshot, holder, lease_until)
      select session_id, gen_random_uuid(), gen_random_uuid(), 'turn', 2, 'k 2', request_hash, '{}', '{}',
        gen_random_uuid(), now() + interval '1 minute' from turn_runs where session_id = ${sessionId}`;
    expect(await post("k 2")).toMatchObject({ status: 409, body: { code: "turn_in_progress" } });
  });

  test("is unknown for another key, and without a key", async () => {
    const { post } = await leaveCatalog();
    for (const key of ["another", undefined]) {
      expect(await post(key)).toMatchObject({ status: 422, body: { code: "unknown_model" } });
    }
  });
});
