import { describe, expect, test } from "vitest";
import { createTurnFixture, says } from "../../support/turn-fixture.ts";
import { answersStored, expireLease, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

const usage = { prompt_tokens: 120, completion_tokens: 40 };

describe("a holder that goes on after another has taken over", () => {
  test("and committed: its report replaces the estimates, and the turn is unchanged", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    await fixture.models.script(
      says("bob", { text: "late", hold: "gate", usage }, 1),
      says("bob", "in time"),
    );
    const post = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await expireLease(fixture);
    const again = await fixture.post("hello", { key: "k" });
    const { llm_call_events: _, ...rows } = (await fixture.rowCounts()) ?? {};
    const estimates = (await fixture.ledger()).filter(({ status }) => status === "unknown");

    await fixture.models.release("gate");
    const late = await post;

    expect(late).toMatchObject({ status: 409, body: { code: "turn_conflict" } });
    // One for each attempt that may have been sent; the holder tells of the only one that was.
    expect(estimates.map(({ agent_key }) => agent_key)).toEqual(["bob", "bob", "bob"]);
    expect(await fixture.rowCounts()).toEqual({ ...rows, llm_call_events: 3 });
    const reported = (await fixture.ledger()).filter(({ id }) => estimates.some((one) => one.id === id));
    expect(reported).toHaveLength(1);
    const [report] = reported;
    expect(report).toMatchObject({
      status: "completed",
      usage_source: "provider",
      total_tokens: 160,
      turn_id: again.body.id,
    });
    expect(Number(report?.credits)).toBeGreaterThan(0);
    expect((await fixture.list()).body.data).toMatchObject([
      { replies: [{ agent_key: "ada" }, { content: "in time" }] },
    ]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("and not yet committed: the commit keeps the report and joins it to the turn", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
    await fixture.models.script(
      says("bob", { text: "late", hold: "first", usage }, 1),
      says("bob", { text: "in time", hold: "second" }, 2),
    );
    const post = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await expireLease(fixture);
    const again = fixture.post("hello", { key: "k" });
    await fixture.models.wait({ calls: 3 });

    await fixture.models.release("first");
    expect((await post).status).toBe(409);
    const reported = await fixture.ledger();
    await fixture.models.release("second");
    const { body: turn } = await again;

    expect(reported.map(({ agent_key, turn_id, status }) => [agent_key, turn_id, status])).toEqual([
      ["ada", null, "completed"],
      ["bob", null, "completed"],
    ]);
    expect(turn).toMatchObject({ status: "completed", replies: [{}, { content: "in time" }] });
    const ledger = await fixture.ledger();
    expect(ledger.map(({ agent_key, turn_id, status }) => [agent_key, turn_id, status])).toEqual([
      ["ada", turn.id, "completed"],
      ["bob", turn.id, "completed"],
      ["bob", turn.id, "completed"],
    ]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("during parallel answers stores none of them any more, and starts no further call", async () => {
    const agents = ["ada", "bob", "cy", "dee", "eve"];
    const message = agents.map((key) => `@${key}`).join(" ");
    const fixture = await createTurnFixture({ agents });
    const held = { text: "late", hold: "gate" };
    await fixture.models.script(...agents.slice(0, 4).map((key) => says(key, held, 1)));
    const post = fixture.post(message, { key: "k" });
    await fixture.models.wait({ calls: 4 });
    await expireLease(fixture);
    const again = await fixture.post(message, { key: "k" });
    expect(again).toMatchObject({ status: 201, body: { status: "completed" } });
    const before =
      await fixture.sql`select count(*)::int as n from checkpoint_writes where thread_id = ${again.body.id}`;

    await fixture.models.release("gate");
    expect((await post).status).toBe(409);

    expect(again.body).toMatchObject({ status: "completed" });
    expect(again.text).not.toContain("late");
    expect(
      await fixture.sql`select count(*)::int as n from checkpoint_writes where thread_id = ${again.body.id}`,
    ).toEqual(before);
    expect((await listCallers(fixture)).filter((key) => key === "eve").length).toBeLessThanOrEqual(2);
    await expectLedgerMatchesCalls(fixture);
  });
});
