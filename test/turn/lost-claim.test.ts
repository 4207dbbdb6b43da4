import { describe, expect, test } from "vitest";
import { createTurnFixture, noRows, says, type TurnFixture } from "../support/turn-fixture.ts";
import { answersStored } from "./recovery/support/abandoned-run.ts";

/** Ways to lose a claim in mid-turn, by hand-written SQL. */
const losses: [string, (fixture: TurnFixture) => Promise<unknown>][] = [
  [
    "to another holder",
    ({ sql, sessionId }) =>
      sql`update turn_claims set holder = gen_random_uuid() where session_id = ${sessionId}`,
  ],
  [
    "to another run",
    ({ sql, sessionId }) =>
      sql`update turn_claims set run_id = gen_random_uuid() where session_id = ${sessionId}`,
  ],
  ["altogether", ({ sql, sessionId }) => sql`delete from turn_claims where session_id = ${sessionId}`],
];

describe("a holder that lost its claim", () => {
  test.each(losses)("that %s stores nothing of its turn except its calls", async (_to, lose) => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(
      says("ada", { text: "hi", usage: { prompt_tokens: 120, completion_tokens: 40 }, hold: "gate" }),
      says("bob", { status: 500, headers: { "x-should-retry": "false" } }),
    );
    const post = fixture.post("@ada @bob hello");
    await fixture.models.wait({ calls: 2, settled: 1 });
    // Bob's failure is stored by then: else its storing would find out, and cut ada off.
    await answersStored(fixture, { answers: 1 });
    const before = await fixture.claim();
    await lose(fixture);
    const taken = await fixture.claim();

    await fixture.models.release("gate");
    const answer = await post;

    expect(answer).toMatchObject({ status: 409, body: { code: "turn_conflict", turn_id: before?.turn_id } });
    expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(await fixture.rowCounts()).toEqual({ ...noRows, llm_call_events: 1 });
    expect(await fixture.ledger()).toMatchObject([
      {
        agent_key: "ada",
        run_id: before?.run_id,
        turn_id: null,
        session_id: fixture.sessionId,
        status: "completed",
        credits: "0.00820000",
      },
    ]);
    // The claim now belongs to another holder: it neither releases nor changes it.
    expect(await fixture.claim()).toEqual(taken);
  });

  test("reports its calls also where its models have a pricing version that is not stored yet", async () => {
    const model = {
      alias: "house",
      provider: "own",
      model: "house/one",
      context_window: 8_192,
      multiplier: 2,
    };
    const fixture = await createTurnFixture({
      agents: [{ key: "ada", modelAlias: "house" }],
      settings: { MODELS_JSON: JSON.stringify([{ ...model, model: crypto.randomUUID() }]) },
    });
    await fixture.models.script(says("ada", { text: "hi", hold: "gate" }));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    await fixture.sql`delete from turn_claims where session_id = ${fixture.sessionId}`;

    await fixture.models.release("gate");

    expect((await post).status).toBe(409);
    expect(await fixture.ledger()).toMatchObject([
      { model_alias: "house", turn_id: null, status: "completed" },
    ]);
  });
});
