import { describe, expect, test } from "vitest";
import type { RoomMode } from "../../../src/domain/plan/modes.ts";
import { awayFrom, failing, watchDatabase } from "../../support/database-requests.ts";
import { readEvents } from "../../support/event-reader.ts";
import { silenceRecovery } from "../../support/session-objects.ts";
import { createStreamFixture } from "../../support/streams.ts";
import { createTurnFixture, noRows, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { until } from "../../support/until.ts";
import { createToolFixture, searchesFor } from "../../tools/in-turns/tool-fixture.ts";
import { listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

/** Stands in the statements of every commit of a turn, and in no other request's. */
const commits = '\\"turn_runs\\" (\\"id\\"';

const agents = ["ada", "bob", "cy"];
const message = "@ada @bob @cy hello";

/** Resolves once the holder has let its lease run out. */
function untilGivenUp(fixture: TurnFixture): Promise<void> {
  return until("the lease is given up", async () => {
    const { rows } = await fixture.sql.query(
      "select 1 from turn_claims where session_id = $1 and lease_until <= clock_timestamp()",
      [fixture.sessionId],
      { fullResults: true },
    );
    return rows.length > 0;
  });
}

describe("a turn that could not be committed", () => {
  test.each<RoomMode>(["tag", "roundtable", "orchestrator"])(
    "in mode %s is finished by the same key at once, and no model is called again",
    async (mode) => {
      const fixture = await createTurnFixture({ agents, mode });
      const failed = await watchDatabase(() => fixture.post(message, { key: "k" }), failing(commits));
      const askedBefore = await listCallers(fixture);
      expect(failed.result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
      // The holder's report of its calls, before the run is stored.
      const reported = askedBefore.filter((caller) => caller !== "manager").length;
      expect(await fixture.rowCounts()).toEqual({ ...noRows, llm_call_events: reported });

      const again = await fixture.post(message, { key: "k" });

      expect(again).toMatchObject({ status: 201, body: { turn_index: 1, status: "completed" } });
      expect(again.headers.get("Idempotency-Replayed")).toBeNull();
      expect(await listCallers(fixture)).toEqual(askedBefore);
      expect((await fixture.read(again.body.id)).body).toMatchObject(again.body);
      await expectLedgerMatchesCalls(fixture);
    },
  );

  test("after a tool call is finished in the same way, and its tool does not run again", async () => {
    const fixture = await createToolFixture({ agents: ["ada"] });
    await fixture.models.script(says("ada", searchesFor("boats"), 1), says("ada", "about boats"));
    await watchDatabase(() => fixture.post("@ada hello", { key: "k" }), failing(commits));

    const again = await fixture.post("@ada hello", { key: "k" });

    expect(again.body).toMatchObject({ status: "completed", assistant_output: "about boats" });
    expect(await listCallers(fixture)).toEqual(["ada", "ada"]);
    expect(await fixture.searched()).toEqual(["boats"]);
    expect(await fixture.toolRows()).toHaveLength(1);
    await expectLedgerMatchesCalls(fixture);
  });

  test("twice is finished by the third request", async () => {
    const fixture = await createTurnFixture({ agents, mode: "roundtable" });
    for (const _try of [1, 2]) {
      const { result } = await watchDatabase(() => fixture.post("hello", { key: "k" }), failing(commits));
      expect(result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
    }

    const again = await fixture.post("hello", { key: "k" });

    expect(again).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(await listCallers(fixture)).toEqual(agents);
    await expectLedgerMatchesCalls(fixture);
  });

  test("without a key is stored by the next post, which does not wait for its lease", async () => {
    const fixture = await createTurnFixture({ agents, mode: "roundtable" });
    await watchDatabase(() => fixture.post("hello"), failing(commits));
    silenceRecovery(fixture.sessionId);

    const next = await fixture.post("and now?");

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect((await fixture.list()).body.data).toMatchObject([
      { user_input: "hello", status: "completed" },
      {},
    ]);
    expect(await listCallers(fixture)).toEqual([...agents, ...agents]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("as a stream ends in RUN_ERROR, and its key streams the whole turn", async () => {
    const fixture = await createStreamFixture(
      { agents: ["ada", "bob"] },
      says("ada", "one"),
      says("bob", "two"),
    );
    const key = { "Idempotency-Key": "k" };
    const { result } = await watchDatabase(
      async () => readEvents(await fixture.stream("@ada @bob go", key)).all(),
      failing(commits),
    );
    expect(result.at(-1)).toMatchObject({ type: "RUN_ERROR", code: "commit_failed" });

    const events = await readEvents(await fixture.stream("@ada @bob go", key)).all();

    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", result: { status: "completed" } });
    expect(await fixture.calls()).toBe(2);
  });

  test.each([
    ["its commit on", commits],
    ["its first step on", 'insert into \\"checkpoint'],
  ])(
    "because the database was away from %s is stored when it is back, and no model is called again",
    async (_from, first) => {
      const fixture = await createTurnFixture({ agents, mode: "roundtable" });
      const { result } = await watchDatabase(() => fixture.post("hello", { key: "k" }), awayFrom(first));
      expect(result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
      await untilGivenUp(fixture);

      const again = await fixture.post("hello", { key: "k" });

      expect(again.body).toMatchObject({ status: "completed" });
      expect(await listCallers(fixture)).toEqual(agents);
      await expectLedgerMatchesCalls(fixture);
    },
  );
});
