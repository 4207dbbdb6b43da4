import { describe, expect, test } from "vitest";
import { createTurnFixture, says } from "../../support/turn-fixture.ts";
import { storedSummaries } from "./support/history.ts";
import { callerOf, callsFor, summaryTextIs } from "./support/model-calls.ts";
import { createSummaryFixture, talk } from "./support/summary-fixture.ts";

describe("a summary of short turns is made", () => {
  test("in the ninth turn and then in the seventeenth, of all but the last four turns", async () => {
    const fixture = await createTurnFixture({ settings: { SUMMARY_GRACE_MS: "60000" } });

    const turns = await talk(fixture, 18);

    expect(turns.flatMap((turn) => (turn.summary_triggered ? [turn.turn_index] : []))).toEqual([9, 17]);
    expect(await storedSummaries(fixture)).toMatchObject([
      { made_in_turn_index: 9, from_seq: 1, to_seq: 8 },
      { made_in_turn_index: 17, from_seq: 9, to_seq: 24 },
    ]);
    expect(await fixture.models.journal()).toHaveLength(18 + 4);
  });

  test("in no turn while all turns are among those that are kept", async () => {
    const fixture = await createSummaryFixture({
      // Always due.
      CONTEXT_SUMMARY_RATIO: "0.000001",
      CONTEXT_SUMMARY_EVERY_TURNS: "6",
      CONTEXT_KEEP_RAW_TURNS: "5",
    });
    await talk(fixture, 6);
    expect(await storedSummaries(fixture)).toEqual([]);
    expect(await fixture.models.journal()).toHaveLength(6);
  });
});

describe("a summary is made while the agents answer", () => {
  test("and does not delay them; the commit waits for it", async () => {
    const fixture = await createSummaryFixture();
    await talk(fixture, 2);
    await fixture.models.script(summaryTextIs({ text: '{"summary_text": "Slow."}', hold: "gate" }));

    const post = fixture.post("@ada word 3");
    await fixture.models.wait({ calls: 4, settled: 3 });
    const whileHeld = (await fixture.models.journal()).slice(2).map(callerOf).toSorted();
    const claim = await fixture.claim();
    await fixture.models.release("gate");
    const { body } = await post;

    expect(whileHeld).toEqual(["ada", "summary_text"]);
    expect(claim).toBeDefined();
    expect(body).toMatchObject({ status: "completed", summary_triggered: true });
    expect(await storedSummaries(fixture)).toMatchObject([{ summary_text: "Slow." }]);
  });

  test("but the commit waits only for a limited time: then the call is aborted and its possible cost is in the audit", async () => {
    const fixture = await createSummaryFixture({ SUMMARY_GRACE_MS: "50" });
    await fixture.models.script(summaryTextIs({ text: "never seen", hold: "never" }, 1));

    const [, , third] = await talk(fixture, 3);

    expect(third).toMatchObject({ status: "completed", summary_triggered: false });
    expect(await storedSummaries(fixture)).toEqual([]);
    expect((await fixture.read(third.id)).body.audit).toMatchObject([
      {
        overhead_calls: [
          { purpose: "summary_text", status: "unknown", usage_source: "estimated", output_tokens: 0 },
        ],
      },
    ]);
    expect(await fixture.ledger()).toHaveLength(3);
    await fixture.models.wait({ calls: 4, settled: 4 });
    expect(callsFor(await fixture.models.journal(), "summary_text")).toMatchObject([{ client_closed: true }]);
  });

  test("and the same applies to its second call: the usage of the first is in the audit as counted", async () => {
    const fixture = await createSummaryFixture({ SUMMARY_GRACE_MS: "50" });
    const usage = { prompt_tokens: 200, completion_tokens: 20 };
    await fixture.models.script(
      summaryTextIs({ text: '{"summary_text": "First."}', usage }),
      { match: { contains: "list what must not be forgotten" }, answer: { hang: "before_headers" } },
      // The agent answers once the first stage is over for sure.
      says("ada", { text: "hi", hold: "gate" }, 3),
    );
    await talk(fixture, 2);

    const post = fixture.post("@ada word 3");
    await fixture.models.wait({ calls: 5, settled: 3 });
    await fixture.models.release("gate");
    const { body } = await post;

    expect(body).toMatchObject({ status: "completed", summary_triggered: false });
    expect((await fixture.read(body.id)).body.audit[0].overhead_calls).toMatchObject([
      { purpose: "summary_text", status: "completed", input_tokens_fresh: 200, output_tokens: 20 },
      { purpose: "summary_structure", status: "unknown", usage_source: "estimated" },
    ]);
    expect(await storedSummaries(fixture)).toEqual([]);
  });

  test("and is one of the four calls that a turn may have in flight", async () => {
    const fixture = await createSummaryFixture({}, { agents: ["ada", "bob", "cy", "dan"] });
    await talk(fixture, 2);
    await fixture.models.script({ answer: { text: "ok", hold: "gate" } });

    const post = fixture.post("@ada @bob @cy @dan word 3");
    await fixture.models.wait({ calls: 6 });
    const whileHeld = (await fixture.models.journal()).slice(2).map(callerOf);
    await fixture.models.release("gate");
    const { body } = await post;

    expect(whileHeld).toHaveLength(4);
    expect(whileHeld).toContain("summary_text");
    expect(body.status).toBe("completed");
    const inFlight = (await fixture.models.journal()).map(({ in_flight_at_arrival }) => in_flight_at_arrival);
    expect(Math.max(...inFlight)).toBe(4);
  });
});
