import { describe, expect, test } from "vitest";
import type { RoomMode } from "../../../src/domain/plan/modes.ts";
import { awayFrom, failing, watchDatabase } from "../../support/database-requests.ts";
import { readEvents } from "../../support/event-reader.ts";
import { createStreamScene } from "../../support/streams.ts";
import { createTurnScene, noRows, says, type TurnScene } from "../../support/turn-scene.ts";
import { createToolScene, searchesFor } from "../../tools/in-turns/tool-scene.ts";
import { expectLedgerMatchesCalls } from "./support/books.ts";
import { asked } from "./support/dead-holder.ts";
import { until } from "./support/until.ts";

/** Stands in the statements of every commit of a turn, and in no other request's. */
const commits = '\\"turn_runs\\" (\\"id\\"';

const agents = ["ada", "bob", "cy"];
const message = "@ada @bob @cy hello";

/** Resolves once the holder has let its lease run out. */
function untilGivenUp(scene: TurnScene): Promise<void> {
  return until("the lease is given up", async () => {
    const { rows } = await scene.sql.query(
      "select 1 from turn_claims where session_id = $1 and lease_until <= clock_timestamp()",
      [scene.sessionId],
      { fullResults: true },
    );
    return rows.length > 0;
  });
}

describe("a turn that could not be committed", () => {
  test.each<RoomMode>(["tag", "roundtable", "orchestrator"])(
    "in mode %s is finished by the same key, at once and without asking any model again",
    async (mode) => {
      const scene = await createTurnScene({ agents, mode });
      const failed = await watchDatabase(() => scene.post(message, { key: "k" }), failing(commits));
      const askedBefore = await asked(scene);
      expect(failed.result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
      expect(await scene.rowCounts()).toEqual(noRows);

      const again = await scene.post(message, { key: "k" });

      expect(again).toMatchObject({ status: 201, body: { turn_index: 1, status: "completed" } });
      expect(again.headers.get("Idempotency-Replayed")).toBeNull();
      expect(await asked(scene)).toEqual(askedBefore);
      expect((await scene.read(again.body.id)).body).toMatchObject(again.body);
      await expectLedgerMatchesCalls(scene);
    },
  );

  test("after a tool loop is finished likewise, and its tool is not run again", async () => {
    const scene = await createToolScene({ agents: ["ada"] });
    await scene.models.script(says("ada", searchesFor("boats"), 1), says("ada", "about boats"));
    await watchDatabase(() => scene.post("@ada hello", { key: "k" }), failing(commits));

    const again = await scene.post("@ada hello", { key: "k" });

    expect(again.body).toMatchObject({ status: "completed", assistant_output: "about boats" });
    expect(await asked(scene)).toEqual(["ada", "ada"]);
    expect(await scene.searched()).toEqual(["boats"]);
    expect(await scene.toolRows()).toHaveLength(1);
    await expectLedgerMatchesCalls(scene);
  });

  test("nor on the second try, is finished by the third", async () => {
    const scene = await createTurnScene({ agents, mode: "roundtable" });
    for (const _try of [1, 2]) {
      const { result } = await watchDatabase(() => scene.post("hello", { key: "k" }), failing(commits));
      expect(result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
    }

    const again = await scene.post("hello", { key: "k" });

    expect(again).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(await asked(scene)).toEqual(agents);
    await expectLedgerMatchesCalls(scene);
  });

  test("without a key is stored whole by the next post, which needs not wait for its lease", async () => {
    const scene = await createTurnScene({ agents, mode: "roundtable" });
    await watchDatabase(() => scene.post("hello"), failing(commits));

    const next = await scene.post("and now?");

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect((await scene.list()).body.data).toMatchObject([{ user_input: "hello", status: "completed" }, {}]);
    expect(await asked(scene)).toEqual([...agents, ...agents]);
    await expectLedgerMatchesCalls(scene);
  });

  test("told as a stream ends in RUN_ERROR, and its key is told the whole turn", async () => {
    const scene = await createStreamScene({ agents: ["ada", "bob"] }, says("ada", "one"), says("bob", "two"));
    const key = { "Idempotency-Key": "k" };
    const { result } = await watchDatabase(
      async () => readEvents(await scene.stream("@ada @bob go", key)).all(),
      failing(commits),
    );
    expect(result.at(-1)).toMatchObject({ type: "RUN_ERROR", code: "commit_failed" });

    const events = await readEvents(await scene.stream("@ada @bob go", key)).all();

    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", result: { status: "completed" } });
    expect(await scene.calls()).toBe(2);
  });

  test.each([
    ["its commit on", commits],
    ["its first step on", "assert_claim"],
  ])(
    "for a database that was away from %s is stored once it is back, and no model is asked again",
    async (_from, first) => {
      const scene = await createTurnScene({ agents, mode: "roundtable" });
      const { result } = await watchDatabase(() => scene.post("hello", { key: "k" }), awayFrom(first));
      expect(result).toMatchObject({ status: 503, body: { code: "commit_failed" } });
      await untilGivenUp(scene);

      const again = await scene.post("hello", { key: "k" });

      expect(again.body).toMatchObject({ status: "completed" });
      expect(await asked(scene)).toEqual(agents);
      await expectLedgerMatchesCalls(scene);
    },
  );
});
