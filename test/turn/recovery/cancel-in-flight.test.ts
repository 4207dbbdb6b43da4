import { describe, expect, test } from "vitest";
import { watchDatabase } from "../../support/database-requests.ts";
import { silenceCancel } from "../../support/session-objects.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { until } from "../../support/until.ts";
import { createToolFixture, searchesFor } from "../../tools/in-turns/tool-fixture.ts";
import { callsFor, summaryTextIs } from "../modes/support/model-calls.ts";
import { createSummaryFixture, talk } from "../modes/support/summary-fixture.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

const cancel = (fixture: TurnFixture, turnId: string) =>
  fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${turnId}/cancel`);

const cancelRunning = async (fixture: TurnFixture) => cancel(fixture, (await fixture.claim())?.turn_id);

describe("a turn that is cancelled", () => {
  test("while a tool runs ends the tool, which costs nothing, and bills the answer that asked for it", async () => {
    const fixture = await createToolFixture({ settings: { TOOL_PRICES: '{"search":"0.02"}' } });
    await fixture.search.script({ default: { hang: "before_headers" } });
    await fixture.models.script(says("ada", searchesFor("boats")));
    const post = fixture.post("@ada go", { key: "k" });
    await until("the search has come", async () => (await fixture.searched()).length === 1);

    await cancelRunning(fixture);

    const { body: turn } = await post;
    expect(turn).toMatchObject({ status: "failed", replies: [{ error: { code: "cancelled" } }] });
    expect(await fixture.toolRows()).toMatchObject([
      { status: "error", output: { error: "cancelled" }, credits_charged: "0.00000000" },
    ]);
    expect(await fixture.search.settledJournal()).toMatchObject([{ finished: false }]);
    const [call, ...others] = await fixture.ledger();
    expect(others).toEqual([]);
    expect(call).toMatchObject({ status: "completed", turn_id: turn.id });
    expect(turn.credits.spent).toBe(call?.credits);
    expect(Number(call?.credits)).toBeGreaterThan(0);
    expect((await fixture.post("@ada go", { key: "k" })).body).toMatchObject({ id: turn.id });
    await expectLedgerMatchesCalls(fixture);
  });

  test("while a summary is made keeps its answers, waits for no summary, and has its call in the audit", async () => {
    const fixture = await createSummaryFixture();
    await talk(fixture, 2);
    await fixture.models.script(summaryTextIs({ text: "never seen", hold: "never" }, 1));
    const post = fixture.post("@ada word 3");
    await fixture.models.wait({ calls: 4, settled: 3 });

    await cancelRunning(fixture);

    const { body: turn } = await post;
    expect(turn).toMatchObject({ status: "completed", summary_triggered: false });
    expect((await fixture.read(turn.id)).body.audit).toMatchObject([
      { overhead_calls: [{ purpose: "summary_text", status: "failed", usage_source: "estimated" }] },
    ]);
    await fixture.models.wait({ calls: 4, settled: 4 });
    expect(callsFor(await fixture.models.journal(), "summary_text")).toMatchObject([{ client_closed: true }]);
    await expectLedgerMatchesCalls(fixture);
  });
});

/** Holds the first commit of a turn before the database, or its answer, until `meanwhile` is over. */
async function postWithHeldCommit(
  fixture: TurnFixture,
  where: "before" | "after",
  meanwhile: () => Promise<void>,
) {
  let held = false;
  const { result } = await watchDatabase(
    () => fixture.post("@ada hello", { key: "k" }),
    async (ask, _n, body) => {
      if (held || !body.includes('insert into \\"turns\\"')) return ask();
      held = true;
      if (where === "before") {
        await meanwhile();
        return ask();
      }
      const answer = await ask();
      await meanwhile();
      return answer;
    },
  );
  expect(held).toBe(true);
  return result;
}

describe("a cancel that meets the commit of its turn", () => {
  test.each([
    ["before", "running"],
    ["after", "completed"],
  ] as const)(
    "%s the database has it: the turn is stored once, as all have answered",
    async (where, status) => {
      const fixture = await createTurnFixture();
      const cancels: unknown[] = [];

      const turn = await postWithHeldCommit(fixture, where, async () => {
        const turnId = (await fixture.claim())?.turn_id ?? (await fixture.list()).body.data[0].id;
        cancels.push((await cancel(fixture, turnId)).body);
      });

      expect(cancels).toEqual([{ turn_id: turn.body.id, status }]);
      expect(turn).toMatchObject({ status: 201, body: { status: "completed" } });
      expect((await fixture.list()).body.data).toMatchObject([{ id: turn.body.id, status: "completed" }]);
      expect(await fixture.rowCounts()).toMatchObject({ turns: 1, turn_runs: 1, llm_call_events: 1 });
      await expectLedgerMatchesCalls(fixture);
    },
  );

  test("and settles the turn first, since its host does not answer: the commit is refused, and the call is booked once", async () => {
    const fixture = await createTurnFixture();
    silenceCancel(fixture.sessionId);

    const turn = await postWithHeldCommit(fixture, "before", async () => {
      await cancelRunning(fixture);
    });

    expect(turn).toMatchObject({
      status: 201,
      body: { status: "failed", replies: [{ error: { code: "cancelled" } }] },
    });
    await until("the late report is there", async () =>
      (await fixture.ledger()).some(({ status }) => status === "completed"),
    );
    expect(await fixture.rowCounts()).toMatchObject({ turns: 1, turn_runs: 1, llm_call_events: 1 });
    await expectLedgerMatchesCalls(fixture);
  });
});
