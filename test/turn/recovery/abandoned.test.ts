import { describe, expect, test } from "vitest";
import { recoverAbandonedRuns, recoverRun } from "../../../src/turn/recover.ts";
import { createTurnScene, noRows, says, type TurnScene } from "../../support/turn-scene.ts";
import { managerPicks, managerSays } from "../modes/support/asked.ts";
import { expectLedgerMatchesCalls } from "./support/books.ts";
import { asked, flushed, lapse } from "./support/dead-holder.ts";

const settle = ({ api }: TurnScene) => recoverAbandonedRuns(api.deps);
const turnsOf = async (scene: TurnScene) => (await scene.list()).body.data;
const codesOf = (turn: { replies: { agent_key: string; error: { code: string } | null }[] }) =>
  turn.replies.map(({ agent_key, error }) => [agent_key, error?.code ?? null]);

/** A round table whose first agent has answered, whose second is being asked, and whose holder is gone. */
async function leaveRoundTable(options: { key?: string } = {}) {
  const scene = await createTurnScene({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
  await scene.models.script(says("ada", "first"), says("bob", { text: "late", hold: "gate" }, 1));
  const post = scene.post("hello", options);
  await scene.models.wait({ calls: 2 });
  await flushed(scene, { steps: 1 });
  await lapse(scene);
  return { scene, post };
}

describe("a run whose holder is gone, met by another request", () => {
  test("is stored with the answers that had arrived, and the new turn comes after it", async () => {
    const { scene, post } = await leaveRoundTable();

    const next = await scene.post("and now?");

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2, status: "completed" } });
    const [left] = await turnsOf(scene);
    expect(left).toMatchObject({ turn_index: 1, status: "partial", user_input: "hello" });
    expect(codesOf(left)).toEqual([
      ["ada", null],
      ["bob", "abandoned"],
      ["cy", "abandoned"],
    ]);
    const audits = await scene.sql`select agent_key from turn_context_audit where turn_id = ${left.id}`;
    expect(audits.map(({ agent_key }) => agent_key).sort()).toEqual(["ada", "bob", "cy"]);
    await scene.models.release("gate");
    expect((await post).status).toBe(409);
    await expectLedgerMatchesCalls(scene);
  });

  test("of another key is stored as well, and its own key then gets that turn", async () => {
    const { scene, post } = await leaveRoundTable({ key: "k" });

    const next = await scene.post("and now?", { key: "other" });
    const again = await scene.post("hello", { key: "k" });

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect(again).toMatchObject({ status: 201, body: { turn_index: 1, status: "partial" } });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    await scene.models.release("gate");
    expect((await post).status).toBe(409);
    await expectLedgerMatchesCalls(scene);
  });

  test("of which nothing was stored is a failed turn", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob"] });
    await scene.models.script(
      says("ada", { text: "late", hold: "gate" }, 1),
      says("bob", { hold: "gate" }, 1),
    );
    const post = scene.post("@ada @bob hello");
    await scene.models.wait({ calls: 2 });
    await lapse(scene);

    const next = await scene.post("@ada again");

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2 } });
    const [left] = await turnsOf(scene);
    expect(left).toMatchObject({ turn_index: 1, status: "failed" });
    expect(codesOf(left)).toEqual([
      ["ada", "abandoned"],
      ["bob", "abandoned"],
    ]);
    await scene.models.release("gate");
    expect((await post).status).toBe(409);
    await expectLedgerMatchesCalls(scene);
  });

  test("is settled once, by whoever is first, also where many meet it", async () => {
    const { scene, post } = await leaveRoundTable();

    const answers = await Promise.all(Array.from({ length: 6 }, () => scene.post("me")));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(5);
    expect((await turnsOf(scene)).map(({ turn_index }: { turn_index: number }) => turn_index)).toEqual([
      1, 2,
    ]);
    await scene.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(scene);
  });
});

describe("the scheduled settling", () => {
  test("takes a run without a key when its lease is over, and calls no model", async () => {
    const { scene, post } = await leaveRoundTable();

    await settle(scene);

    expect(await scene.claim()).toBeUndefined();
    expect(await turnsOf(scene)).toMatchObject([{ turn_index: 1, status: "partial" }]);
    expect(await asked(scene)).toEqual(["ada", "bob"]);
    await scene.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(scene);
  });

  test("leaves a run whose lease is not over", async () => {
    const scene = await createTurnScene();
    await scene.models.script(says("ada", { text: "in time", hold: "gate" }));
    const post = scene.post("@ada hello");
    await scene.models.wait({ calls: 1 });

    await settle(scene);

    await scene.models.release("gate");
    expect((await post).status).toBe(201);
  });

  test("of a run that is alive after all takes nothing from it", async () => {
    const scene = await createTurnScene();
    await scene.models.script(says("ada", { text: "in time", hold: "gate" }));
    const post = scene.post("@ada hello");
    await scene.models.wait({ calls: 1 });
    const before = await scene.claim();

    await recoverRun(
      scene.api.deps,
      { sessionId: scene.sessionId, runId: before?.run_id },
      scene.api.deps.log,
    );

    expect(await scene.claim()).toEqual(before);
    await scene.models.release("gate");
    expect(await post).toMatchObject({ status: 201, body: { assistant_output: "in time" } });
  });

  test("leaves a run with a key to its client for a while", async () => {
    const { scene, post } = await leaveRoundTable({ key: "k" });
    await lapse(scene, "9 minutes");
    await settle(scene);
    expect(await scene.claim()).toBeDefined();

    await lapse(scene, "11 minutes");
    await settle(scene);

    expect(await scene.claim()).toBeUndefined();
    expect(await turnsOf(scene)).toMatchObject([{ status: "partial" }]);
    await scene.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(scene);
  });

  test.each(["sessions", "rooms"])(
    "stores a run also where its %s row was deleted meanwhile",
    async (table) => {
      const { scene, post } = await leaveRoundTable();
      const id = table === "rooms" ? scene.roomId : scene.sessionId;
      await scene.sql.query(`update ${table} set deleted_at = now() where id = $1`, [id]);

      await settle(scene);

      expect(await scene.claim()).toBeUndefined();
      expect(await scene.rowCounts()).toMatchObject({ turns: 1, turn_runs: 1 });
      await scene.models.release("gate");
      await post;
      await expectLedgerMatchesCalls(scene);
    },
  );

  test("deletes the claim of a run that cannot be planned, and stores only what it may have spent", async () => {
    const scene = await createTurnScene();
    await scene.models.script(says("ada", { text: "late", hold: "gate" }));
    const post = scene.post("@ada hello");
    await scene.models.wait({ calls: 1 });
    await lapse(scene);
    await scene.sql`update turn_claims set request = '{"message":"nobody"}' where session_id = ${scene.sessionId}`;

    await settle(scene);

    expect(await scene.claim()).toBeUndefined();
    // An estimate for each attempt that may have been sent.
    expect(await scene.rowCounts()).toEqual({ ...noRows, llm_call_events: 3 });
    await scene.models.release("gate");
    expect((await post).status).toBe(409);
    // The holder that was replaced reports its one call: its estimates are gone.
    expect(await scene.rowCounts()).toEqual({ ...noRows, llm_call_events: 1 });
  });

  test("of a manager that never answered abandons the fallback, and its call stands in the audit", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob"], mode: "orchestrator" });
    await scene.models.script(managerSays({ text: "{}", hold: "gate" }, 1));
    const post = scene.post("hello");
    await scene.models.wait({ calls: 1 });
    await lapse(scene);

    await settle(scene);

    const [left] = await turnsOf(scene);
    expect(codesOf(left)).toEqual([["ada", "abandoned"]]);
    const [audit] = await scene.sql`select * from turn_context_audit where turn_id = ${left.id}`;
    // One for each attempt that may have been sent.
    expect(audit?.overhead_calls).toMatchObject(Array(3).fill({ purpose: "routing", status: "unknown" }));
    await scene.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(scene);
  });

  test("of a routed run keeps the routing on the books, also where no agent had answered", async () => {
    const scene = await createTurnScene({ agents: ["ada", "bob"], mode: "orchestrator" });
    await scene.models.script(managerPicks("bob"), says("bob", { text: "late", hold: "gate" }, 2));
    const post = scene.post("hello");
    await scene.models.wait({ calls: 2 });
    await flushed(scene, { steps: 1 });
    await lapse(scene);

    await settle(scene);

    const [left] = await turnsOf(scene);
    expect(codesOf(left)).toEqual([["bob", "abandoned"]]);
    const [audit] = await scene.sql`select * from turn_context_audit where turn_id = ${left.id}`;
    expect(audit).toMatchObject({
      routing: { selectedKeys: ["bob"] },
      overhead_calls: [{ status: "completed" }],
    });
    await scene.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(scene);
  });
});

describe("an abandoned retry", () => {
  async function leaveRetry(agents: string[], held: string[]) {
    const scene = await createTurnScene({ agents });
    await scene.models.script({ answer: { status: 400 } });
    const { body: turn } = await scene.post(agents.map((key) => `@${key}`).join(" "));
    await scene.models.script(...held.map((key) => says(key, { text: "late", hold: "gate" }, 1)), {
      answer: { text: "at last" },
    });
    const before = (await scene.models.journal()).length;
    const retry = scene.api.as(scene.owner).post(`${scene.turnsPath}/${turn.id}/retry`, undefined);
    await scene.models.wait({ calls: before + agents.length });
    if (held.length < agents.length) await flushed(scene, { answers: agents.length - held.length });
    await lapse(scene);
    return { scene, retry, turn };
  }

  test("keeps the answers that had arrived, and leaves the other failures as they were", async () => {
    const { scene, retry, turn } = await leaveRetry(["ada", "bob"], ["bob"]);

    await settle(scene);

    const [settled] = await turnsOf(scene);
    expect(settled).toMatchObject({ id: turn.id, status: "partial" });
    expect(codesOf(settled)).toEqual([
      ["ada", null],
      ["bob", "model_error"],
    ]);
    expect(await scene.rowCounts()).toMatchObject({ turns: 1, turn_runs: 2 });
    await scene.models.release("gate");
    expect((await retry).status).toBe(409);
    await expectLedgerMatchesCalls(scene);
  });

  test("of which no answer had arrived is stored as a run, and the session takes new turns", async () => {
    const { scene, retry, turn } = await leaveRetry(["ada"], ["ada"]);

    await settle(scene);

    expect(await scene.claim()).toBeUndefined();
    expect(await turnsOf(scene)).toMatchObject([{ id: turn.id, status: "failed" }]);
    expect(await scene.rowCounts()).toMatchObject({ turns: 1, turn_runs: 2 });
    expect((await scene.post("@ada next")).body).toMatchObject({ turn_index: 2, status: "completed" });
    await scene.models.release("gate");
    expect((await retry).status).toBe(409);
    await expectLedgerMatchesCalls(scene);
  });
});
