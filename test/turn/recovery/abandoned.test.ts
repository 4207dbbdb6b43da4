import { describe, expect, test } from "vitest";
import { recoverRun } from "../../../src/turn/recover.ts";
import { recoverAbandonedRuns } from "../../../src/turn/recover-abandoned.ts";
import { noHosts } from "../../support/session-objects.ts";
import { createTurnFixture, noRows, says, type TurnFixture } from "../../support/turn-fixture.ts";
import { managerPicks, managerSays } from "../modes/support/model-calls.ts";
import { answersStored, expireLease, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

/** The job finds the runs of all sessions. No object answers it, so that it settles them itself. */
const settle = ({ api }: TurnFixture) => recoverAbandonedRuns({ ...api.deps, hosts: noHosts });
const turnsOf = async (fixture: TurnFixture) => (await fixture.list()).body.data;
const codesOf = (turn: { replies: { agent_key: string; error: { code: string } | null }[] }) =>
  turn.replies.map(({ agent_key, error }) => [agent_key, error?.code ?? null]);

/** A round table whose first agent has answered, whose second is being listCallers, and whose holder is gone. */
async function leaveRoundTable(options: { key?: string } = {}) {
  const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
  await fixture.models.script(says("ada", "first"), says("bob", { text: "late", hold: "gate" }, 1));
  const post = fixture.post("hello", options);
  await fixture.models.wait({ calls: 2 });
  await answersStored(fixture, { steps: 1 });
  await expireLease(fixture);
  return { fixture, post };
}

describe("a run whose holder is gone, found by another request", () => {
  test("is stored with the answers that had arrived, and the new turn follows it", async () => {
    const { fixture, post } = await leaveRoundTable();

    const next = await fixture.post("and now?");

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2, status: "completed" } });
    const [left] = await turnsOf(fixture);
    expect(left).toMatchObject({ turn_index: 1, status: "partial", user_input: "hello" });
    expect(codesOf(left)).toEqual([
      ["ada", null],
      ["bob", "abandoned"],
      ["cy", "abandoned"],
    ]);
    const audits = await fixture.sql`select agent_key from turn_context_audit where turn_id = ${left.id}`;
    expect(audits.map(({ agent_key }) => agent_key).sort()).toEqual(["ada", "bob", "cy"]);
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    await expectLedgerMatchesCalls(fixture);
  });

  test("with another key is stored too, and its own key then returns that turn", async () => {
    const { fixture, post } = await leaveRoundTable({ key: "k" });

    const next = await fixture.post("and now?", { key: "other" });
    const again = await fixture.post("hello", { key: "k" });

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2 } });
    expect(again).toMatchObject({ status: 201, body: { turn_index: 1, status: "partial" } });
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    await expectLedgerMatchesCalls(fixture);
  });

  test("of which nothing was stored becomes a failed turn", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(
      says("ada", { text: "late", hold: "gate" }, 1),
      says("bob", { hold: "gate" }, 1),
    );
    const post = fixture.post("@ada @bob hello");
    await fixture.models.wait({ calls: 2 });
    await expireLease(fixture);

    const next = await fixture.post("@ada again");

    expect(next).toMatchObject({ status: 201, body: { turn_index: 2 } });
    const [left] = await turnsOf(fixture);
    expect(left).toMatchObject({ turn_index: 1, status: "failed" });
    expect(codesOf(left)).toEqual([
      ["ada", "abandoned"],
      ["bob", "abandoned"],
    ]);
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    await expectLedgerMatchesCalls(fixture);
  });

  test("is settled once, by the first of many requests", async () => {
    const { fixture, post } = await leaveRoundTable();

    const answers = await Promise.all(Array.from({ length: 6 }, () => fixture.post("me")));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(5);
    expect((await turnsOf(fixture)).map(({ turn_index }: { turn_index: number }) => turn_index)).toEqual([
      1, 2,
    ]);
    await fixture.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(fixture);
  });
});

test("a run that three recoveries leave without a holder is a conflict, and is stored once a recovery succeeds", async () => {
  const { fixture, post } = await leaveRoundTable();
  const { deps } = fixture.api;
  const { hosts } = deps;
  let recoveries = 0;
  const recover = async () => {
    recoveries += 1;
  };
  deps.hosts = (sessionId) => ({ ...hosts(sessionId), recover });
  const claim = await fixture.claim();

  const refused = await fixture.post("and now?");

  expect(refused).toMatchObject({ status: 409, body: { code: "turn_conflict", turn_id: claim?.turn_id } });
  expect(refused.headers.get("Retry-After")).toBe("1");
  expect(recoveries).toBe(3);
  expect(await fixture.claim()).toEqual(claim);
  deps.hosts = hosts;
  expect(await fixture.post("and now?")).toMatchObject({ status: 201, body: { turn_index: 2 } });
  await fixture.models.release("gate");
  expect((await post).status).toBe(409);
  await expectLedgerMatchesCalls(fixture);
});

describe("the scheduled job", () => {
  test("settles a run without a key when its lease is over, and calls no model", async () => {
    const { fixture, post } = await leaveRoundTable();

    await settle(fixture);

    expect(await fixture.claim()).toBeUndefined();
    expect(await turnsOf(fixture)).toMatchObject([{ turn_index: 1, status: "partial" }]);
    expect(await listCallers(fixture)).toEqual(["ada", "bob"]);
    await fixture.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(fixture);
  });

  test("leaves a run whose lease is not over", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "in time", hold: "gate" }));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });

    await settle(fixture);

    await fixture.models.release("gate");
    expect((await post).status).toBe(201);
  });

  test("changes nothing of a run whose holder is still alive", async () => {
    const fixture = await createTurnFixture();
    await fixture.models.script(says("ada", { text: "in time", hold: "gate" }));
    const post = fixture.post("@ada hello");
    await fixture.models.wait({ calls: 1 });
    const before = await fixture.claim();

    await recoverRun(
      fixture.api.deps,
      { sessionId: fixture.sessionId, runId: before?.run_id },
      fixture.api.deps.log,
    );

    // Its first renewal may come between: the holder is the same.
    const { run_id, holder } = before ?? {};
    expect(await fixture.claim()).toMatchObject({ run_id, holder });
    await fixture.models.release("gate");
    expect(await post).toMatchObject({ status: 201, body: { assistant_output: "in time" } });
  });

  test("leaves a run with a key to its client for a while", async () => {
    const { fixture, post } = await leaveRoundTable({ key: "k" });
    await expireLease(fixture, "9 minutes");
    await settle(fixture);
    expect(await fixture.claim()).toBeDefined();

    await expireLease(fixture, "11 minutes");
    await settle(fixture);

    expect(await fixture.claim()).toBeUndefined();
    expect(await turnsOf(fixture)).toMatchObject([{ status: "partial" }]);
    await fixture.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(fixture);
  });

  test.each(["sessions", "rooms"])(
    "stores a run also where its %s row was deleted meanwhile",
    async (table) => {
      const { fixture, post } = await leaveRoundTable();
      const id = table === "rooms" ? fixture.roomId : fixture.sessionId;
      await fixture.sql.query(`update ${table} set deleted_at = now() where id = $1`, [id]);

      await settle(fixture);

      expect(await fixture.claim()).toBeUndefined();
      expect(await fixture.rowCounts()).toMatchObject({ turns: 1, turn_runs: 1 });
      await fixture.models.release("gate");
      await post;
      await expectLedgerMatchesCalls(fixture);
    },
  );

  test("deletes the claim of a run that cannot be planned, and stores only the calls that it may have made", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"] });
    await fixture.models.script(says("ada", { text: "late", hold: "gate" }), says("bob", "one"));
    const post = fixture.post("@ada @bob hello");
    await answersStored(fixture, { answers: 1 });
    await answersStored(fixture, { steps: 0 });
    await expireLease(fixture);
    await fixture.sql`update turn_claims set request = '{"message":"nobody"}' where session_id = ${fixture.sessionId}`;

    await settle(fixture);

    expect(await fixture.claim()).toBeUndefined();
    // Bob's call, and an estimate for each attempt of ada's that may have been sent.
    expect(await fixture.rowCounts()).toEqual({ ...noRows, llm_call_events: 4 });
    await fixture.models.release("gate");
    expect((await post).status).toBe(409);
    // The holder that was replaced reports its two calls: its estimates are gone.
    expect(await fixture.rowCounts()).toEqual({ ...noRows, llm_call_events: 2 });
  });

  test("abandons the first agent where the manager never answered, and the manager's call is in the audit", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "orchestrator" });
    await fixture.models.script(managerSays({ text: "{}", hold: "gate" }, 1));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 1 });
    await expireLease(fixture);

    await settle(fixture);

    const [left] = await turnsOf(fixture);
    expect(codesOf(left)).toEqual([["ada", "abandoned"]]);
    const [audit] = await fixture.sql`select * from turn_context_audit where turn_id = ${left.id}`;
    // One for each attempt that may have been sent.
    expect(audit?.overhead_calls).toMatchObject(Array(3).fill({ purpose: "routing", status: "unknown" }));
    await fixture.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(fixture);
  });

  test("keeps the routing call of a run in the audit, also where no agent had answered", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "orchestrator" });
    await fixture.models.script(managerPicks("bob"), says("bob", { text: "late", hold: "gate" }, 2));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 2 });
    await answersStored(fixture, { steps: 1 });
    await expireLease(fixture);

    await settle(fixture);

    const [left] = await turnsOf(fixture);
    expect(codesOf(left)).toEqual([["bob", "abandoned"]]);
    const [audit] = await fixture.sql`select * from turn_context_audit where turn_id = ${left.id}`;
    expect(audit).toMatchObject({
      routing: { selectedKeys: ["bob"] },
      overhead_calls: [{ status: "completed" }],
    });
    await fixture.models.release("gate");
    await post;
    await expectLedgerMatchesCalls(fixture);
  });
});

describe("an abandoned retry", () => {
  async function leaveRetry(agents: string[], held: string[]) {
    const fixture = await createTurnFixture({ agents });
    await fixture.models.script({ answer: { status: 400 } });
    const { body: turn } = await fixture.post(agents.map((key) => `@${key}`).join(" "));
    await fixture.models.script(...held.map((key) => says(key, { text: "late", hold: "gate" }, 1)), {
      answer: { text: "at last" },
    });
    const before = (await fixture.models.journal()).length;
    const retry = fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${turn.id}/retry`, undefined);
    await fixture.models.wait({ calls: before + agents.length });
    if (held.length < agents.length) await answersStored(fixture, { answers: agents.length - held.length });
    await expireLease(fixture);
    return { fixture, retry, turn };
  }

  test("keeps the answers that had arrived, and leaves the other failures unchanged", async () => {
    const { fixture, retry, turn } = await leaveRetry(["ada", "bob"], ["bob"]);

    await settle(fixture);

    const [settled] = await turnsOf(fixture);
    expect(settled).toMatchObject({ id: turn.id, status: "partial" });
    expect(codesOf(settled)).toEqual([
      ["ada", null],
      ["bob", "model_error"],
    ]);
    expect(await fixture.rowCounts()).toMatchObject({ turns: 1, turn_runs: 2 });
    await fixture.models.release("gate");
    expect((await retry).status).toBe(409);
    await expectLedgerMatchesCalls(fixture);
  });

  test("without new answers is stored as a run, and the session accepts new turns", async () => {
    const { fixture, retry, turn } = await leaveRetry(["ada"], ["ada"]);

    await settle(fixture);

    expect(await fixture.claim()).toBeUndefined();
    expect(await turnsOf(fixture)).toMatchObject([{ id: turn.id, status: "failed" }]);
    expect(await fixture.rowCounts()).toMatchObject({ turns: 1, turn_runs: 2 });
    expect((await fixture.post("@ada next")).body).toMatchObject({ turn_index: 2, status: "completed" });
    await fixture.models.release("gate");
    expect((await retry).status).toBe(409);
    await expectLedgerMatchesCalls(fixture);
  });
});
