import { describe, expect, test } from "vitest";
import { removeOldCheckpoints } from "../../../src/actions/remove-old-checkpoints.ts";
import { recoverAbandonedRuns } from "../../../src/turn/recover-abandoned.ts";
import { noHosts } from "../../support/session-objects.ts";
import { createTurnFixture, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { answersStored, expireLease } from "./support/abandoned-run.ts";

/** Rows of LangGraph's tables that runs of this session have. */
async function checkpointRows({ sql, sessionId }: TurnFixture) {
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

describe("the checkpoints of a finished run", () => {
  test.each(["roundtable", "tag", "orchestrator"] as const)(
    "in mode %s: the last one stays, and nothing of the others",
    async (mode) => {
      const fixture = await createTurnFixture({ agents, mode });
      await fixture.post("@ada @bob @cy hello");
      const rows = await checkpointRows(fixture);
      expect(rows).toMatchObject({ checkpoints: 1, writes: 0 });
      expect(rows?.blobs).toBeGreaterThan(0);
    },
  );

  test("none stays where checkpoints are kept for 0 days", async () => {
    const fixture = await createTurnFixture({ agents, mode: "roundtable", settings: keepNone });
    await fixture.post("hello");
    expect(await checkpointRows(fixture)).toEqual(nothing);
  });

  test("the same applies to a settled run", async () => {
    const fixture = await createTurnFixture({ agents, mode: "roundtable", settings: keepNone });
    await fixture.models.script(says("bob", { text: "late", hold: "gate" }, 1));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await expireLease(fixture);
    await recoverAbandonedRuns({ ...fixture.api.deps, hosts: noHosts });

    expect(await fixture.claim()).toBeUndefined();
    expect(await checkpointRows(fixture)).toEqual(nothing);
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    expect(await checkpointRows(fixture)).toEqual(nothing);
  });
});

describe("the daily job", () => {
  const endedAgo = ({ sql, sessionId }: TurnFixture, ago: string) =>
    sql`update turn_runs set created_at = now() - ${ago}::interval where session_id = ${sessionId}`;

  test("deletes the checkpoints of runs that ended before the retention time, and no others", async () => {
    const [old, young] = [await createTurnFixture(), await createTurnFixture()];
    for (const fixture of [old, young]) await fixture.post("@ada hello");
    await endedAgo(old, "7 days 1 minute");
    await endedAgo(young, "6 days 23 hours");

    await removeOldCheckpoints(old.api.deps);

    expect(await checkpointRows(old)).toEqual(nothing);
    expect(await checkpointRows(young)).toMatchObject({ checkpoints: 1 });
    expect(old.api.lines).toContainEqual(
      expect.objectContaining({ event: "checkpoints_removed", runs: expect.any(Number) }),
    );
  });

  test("deletes more runs than fit one request", async () => {
    const { api, sql } = await createTurnFixture();
    const step = `many ${crypto.randomUUID()}`;
    await sql`insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
      select gen_random_uuid(), '', ${step}, '{}', '{}' from generate_series(1, 5001)`;

    await removeOldCheckpoints(api.deps);

    expect(await sql`select 1 from checkpoints where checkpoint_id = ${step}`).toEqual([]);
  });

  test("leaves those of a running run, and deletes those of a refused one", async () => {
    const fixture = await createTurnFixture({ agents, mode: "roundtable" });
    await fixture.models.script(says("bob", { text: "in time", hold: "gate" }));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    const orphan = crypto.randomUUID();
    await fixture.sql`insert into checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
      values (${orphan}, '', 'c', '{}', '{}')`;

    await removeOldCheckpoints(fixture.api.deps);

    expect(await checkpointRows(fixture)).toMatchObject({ checkpoints: 1 });
    expect(await fixture.sql`select 1 from checkpoints where thread_id = ${orphan}`).toEqual([]);
    await fixture.models.release("gate");
    expect((await post).status).toBe(201);
  });
});
