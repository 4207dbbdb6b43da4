import { describe, expect, test } from "vitest";
import { removeOldCheckpoints } from "../../../src/actions/remove-old-checkpoints.ts";
import { recoverAbandonedRuns } from "../../../src/turn/recover.ts";
import { createTurnScene, says, type TurnScene } from "../../support/turn-scene.ts";
import { flushed, lapse } from "./support/dead-holder.ts";

/** Rows of LangGraph's tables that runs of this session have. */
async function checkpointRows({ sql, sessionId }: TurnScene) {
  const [counts] = await sql`with runs as (
      select id::text from turn_runs where session_id = ${sessionId}
      union select run_id::text from turn_claims where session_id = ${sessionId})
    select (select count(*)::int from checkpoints where thread_id in (select id from runs)) as checkpoints,
      (select count(*)::int from checkpoint_blobs where thread_id in (select id from runs)) as blobs,
      (select count(*)::int from checkpoint_writes where thread_id in (select id from runs)) as writes`;
  return counts;
}

const nothing = { checkpoints: 0, blobs: 0, writes: 0 };
const agents = ["ada", "bob", "cy"];
const keepNone = { CHECKPOINT_RETENTION_DAYS: "0" };

describe("of a finished run", () => {
  test.each(["roundtable", "tag", "orchestrator"] as const)(
    "in mode %s the last checkpoint stays, and nothing of those before it",
    async (mode) => {
      const scene = await createTurnScene({ agents, mode });
      await scene.post("@ada @bob @cy hello");
      const rows = await checkpointRows(scene);
      expect(rows).toMatchObject({ checkpoints: 1, writes: 0 });
      expect(rows?.blobs).toBeGreaterThan(0);
    },
  );

  test("nothing stays where checkpoints are kept for 0 days", async () => {
    const scene = await createTurnScene({ agents, mode: "roundtable", settings: keepNone });
    await scene.post("hello");
    expect(await checkpointRows(scene)).toEqual(nothing);
  });

  test("that was settled likewise", async () => {
    const scene = await createTurnScene({ agents, mode: "roundtable", settings: keepNone });
    await scene.models.script(says("bob", { text: "late", hold: "gate" }, 1));
    const post = scene.post("hello");
    await scene.models.wait({ calls: 2 });
    await flushed(scene, { steps: 1 });
    await lapse(scene);
    await recoverAbandonedRuns(scene.api.deps);

    expect(await scene.claim()).toBeUndefined();
    expect(await checkpointRows(scene)).toEqual(nothing);
    await scene.models.release("gate");
    expect((await post).status).toBe(409);
    expect(await checkpointRows(scene)).toEqual(nothing);
  });
});

describe("the daily job", () => {
  const endedAgo = ({ sql, sessionId }: TurnScene, ago: string) =>
    sql`update turn_runs set created_at = now() - ${ago}::interval where session_id = ${sessionId}`;

  test("removes the checkpoints of runs that ended longer ago than they are kept, and no others", async () => {
    const [old, young] = [await createTurnScene(), await createTurnScene()];
    for (const scene of [old, young]) await scene.post("@ada hello");
    await endedAgo(old, "7 days 1 minute");
    await endedAgo(young, "6 days 23 hours");

    await removeOldCheckpoints(old.api.deps);

    expect(await checkpointRows(old)).toEqual(nothing);
    expect(await checkpointRows(young)).toMatchObject({ checkpoints: 1 });
    expect(old.api.lines).toContainEqual(
      expect.objectContaining({ event: "checkpoints_removed", runs: expect.any(Number) }),
    );
  });

  test("leaves a run that is under way, and removes what a refused one left", async () => {
    const scene = await createTurnScene({ agents, mode: "roundtable" });
    await scene.models.script(says("bob", { text: "in time", hold: "gate" }));
    const post = scene.post("hello");
    await scene.models.wait({ calls: 2 });
    await flushed(scene, { steps: 1 });
    const orphan = crypto.randomUUID();
    await scene.sql`insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
      values (${orphan}, '', 'c', '{}', '{}')`;

    await removeOldCheckpoints(scene.api.deps);

    expect(await checkpointRows(scene)).toMatchObject({ checkpoints: 1 });
    expect(await scene.sql`select 1 from checkpoints where thread_id = ${orphan}`).toEqual([]);
    await scene.models.release("gate");
    expect((await post).status).toBe(201);
  });
});
