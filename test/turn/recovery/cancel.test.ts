import { describe, expect, test } from "vitest";
import { recoverAbandonedRuns } from "../../../src/turn/recover-abandoned.ts";
import type { SessionHosts } from "../../../src/turn/session-host.ts";
import { eventsOf, joinDeltas, readEvents } from "../../support/event-reader.ts";
import { loseObject, noHosts, passAlarm, silenceCancel } from "../../support/session-objects.ts";
import { createStreamFixture } from "../../support/streams.ts";
import {
  createTurnFixture,
  type FixtureOptions,
  says,
  type TurnFixture,
} from "../../support/turn-fixture.ts";
import { agentSays, managerPicks, managerSays, synthesisSays } from "../modes/support/model-calls.ts";
import { answersStored, endLease, listCallers } from "./support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./support/ledger-check.ts";

const cancel = (fixture: TurnFixture, turnId: string) =>
  fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${turnId}/cancel`);

const cancelRunning = async (fixture: TurnFixture) => cancel(fixture, (await fixture.claim())?.turn_id);

/** A round table whose first agent has answered; the second one's call is open. */
async function startTurn(options: FixtureOptions = {}) {
  const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable", ...options });
  await fixture.models.script(says("ada", "one"), says("bob", { text: "late", hold: "gate" }, 1));
  const post = fixture.post("hello", { key: "k" });
  await fixture.models.wait({ calls: 2 });
  await answersStored(fixture, { steps: 1 });
  return { fixture, post };
}

const cutTurn = {
  status: "partial",
  replies: [
    { agent_key: "ada", content: "one" },
    { agent_key: "bob", error: { code: "cancelled" } },
    { agent_key: "cy", error: { code: "cancelled" } },
  ],
};

describe("a turn that is cancelled", () => {
  test("is stored with the answers that had arrived, asks nobody more, and its call is billed", async () => {
    const { fixture, post } = await startTurn();

    const cancelled = await cancelRunning(fixture);

    expect(cancelled).toMatchObject({ status: 202, body: { status: "running" } });
    expect(await post).toMatchObject({ status: 201, body: { id: cancelled.body.turn_id, ...cutTurn } });
    expect(await listCallers(fixture)).toEqual(["ada", "bob"]);
    const [, cut] = await fixture.ledger();
    expect(cut).toMatchObject({ agent_key: "bob", status: "failed", usage_source: "estimated" });
    expect(cut?.input_tokens_fresh).toBeGreaterThan(0);
    expect(Number(cut?.credits)).toBeGreaterThan(0);
    await expectLedgerMatchesCalls(fixture);
  });

  test("again, or after its end, stays as it is", async () => {
    const { fixture, post } = await startTurn();
    const [first, second] = await Promise.all([cancelRunning(fixture), cancelRunning(fixture)]);
    const { body: turn } = await post;
    const before = await fixture.rowCounts();

    const later = await cancel(fixture, turn.id);

    expect(first.body).toEqual(second.body);
    expect(later).toMatchObject({ status: 202, body: { turn_id: turn.id, status: "partial" } });
    expect(await fixture.rowCounts()).toEqual(before);
    expect(await fixture.read(turn.id)).toMatchObject({ body: cutTurn });
  });

  test("leaves the session to the next turn, and its retry asks the agents that had not answered", async () => {
    const { fixture, post } = await startTurn();
    await cancelRunning(fixture);
    const { body: turn } = await post;

    const retried = await fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${turn.id}/retry`);

    expect(retried).toMatchObject({ status: 201, body: { status: "completed" } });
    expect(await listCallers(fixture)).toEqual(["ada", "bob", "bob", "cy"]);
    expect(await fixture.post("and then?")).toMatchObject({ status: 201, body: { turn_index: 2 } });
  });

  test("with the same key again is told, and calls no model", async () => {
    const { fixture, post } = await startTurn();
    await cancelRunning(fixture);
    await post;

    expect(await fixture.post("hello", { key: "k" })).toMatchObject({ status: 201, body: cutTurn });
    expect(await listCallers(fixture)).toEqual(["ada", "bob"]);
  });

  test("before its manager has decided ends with the first agent's failure", async () => {
    const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "orchestrator" });
    await fixture.models.script(managerSays({ text: "late", hold: "gate" }));
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 1 });

    await cancelRunning(fixture);

    expect(await post).toMatchObject({
      status: 201,
      body: { status: "failed", replies: [{ agent_key: "ada", error: { code: "cancelled" } }] },
    });
    expect(await listCallers(fixture)).toEqual(["manager"]);
    await expectLedgerMatchesCalls(fixture);
  });

  test("while its manager decides on a further round keeps the answers, and has no other", async () => {
    const fixture = await createTurnFixture({
      agents: ["ada", "bob"],
      mode: "orchestrator",
      orchestration: { maxRounds: 3, synthesis: "manager" },
    });
    await fixture.models.script(
      { ...managerPicks("bob"), match: { ...managerPicks("bob").match, call: 1 } },
      managerSays({ text: "late", hold: "gate" }, 2),
      agentSays("bob", "two"),
      synthesisSays("never"),
    );
    const post = fixture.post("hello");
    await fixture.models.wait({ calls: 3 });

    await cancelRunning(fixture);

    expect(await post).toMatchObject({
      status: 201,
      body: {
        status: "partial",
        replies: [
          { step: "bob#1", content: "two" },
          { step: "synthesis", error: { code: "cancelled" } },
        ],
      },
    });
    expect(await listCallers(fixture)).toEqual(["manager", "bob", "manager"]);
    await expectLedgerMatchesCalls(fixture);
  });
});

describe("a turn that is cancelled by a request whose Worker is lost at once", () => {
  const markCancelled = (fixture: TurnFixture, ago: string) =>
    fixture.sql`update turn_claims set cancelled_at = clock_timestamp() - ${ago}::interval
      where session_id = ${fixture.sessionId}`;

  test("is ended by the job of every minute", async () => {
    const { fixture, post } = await startTurn();
    await markCancelled(fixture, "6 seconds");

    const { deps } = fixture.api;
    // The job finds what other tests have left, too: objects of this application would ask its models for those runs.
    const hosts: SessionHosts = (id) => (id === fixture.sessionId ? deps.hosts : noHosts)(id);
    await recoverAbandonedRuns({ ...deps, hosts });

    expect(await post).toMatchObject({ status: 201, body: cutTurn });
    expect(await listCallers(fixture)).toEqual(["ada", "bob"]);
  });

  test("is ended by the same request again", async () => {
    const { fixture, post } = await startTurn();
    await markCancelled(fixture, "0 seconds");

    expect(await cancelRunning(fixture)).toMatchObject({ status: 202, body: { status: "running" } });

    expect(await post).toMatchObject({ status: 201, body: cutTurn });
    // It did not wait for the renewal by which its holder learns of a cancel.
    expect(fixture.api.lines).toContainEqual(
      expect.objectContaining({ event: "run_cancelled", hosted: true }),
    );
  });

  test("is ended by its holder with the next renewal of the lease", async () => {
    const { fixture, post } = await startTurn({ settings: { TURN_LEASE_MS: "6000" } });
    await markCancelled(fixture, "0 seconds");

    expect(await post).toMatchObject({ status: 201, body: cutTurn });
    expect(await listCallers(fixture)).toEqual(["ada", "bob"]);
  });
});

test("what had arrived of a cancelled answer is kept, as its readers had it, and shown to no later prompt", async () => {
  const fixture = await createStreamFixture(
    { agents: ["ada"] },
    says("ada", { deltas: ["[Ada]: first words", " and more"], hold_after_first: "gate" }, 1),
    says("ada", { deltas: ["second words", " and more"], hold_after_first: "gate" }, 2),
  );
  const reader = readEvents(await fixture.stream("@ada go"));
  await reader.until("TEXT_MESSAGE_CONTENT");

  await cancelRunning(fixture);

  const events = await reader.all();
  const [turn] = await fixture.turns();
  const [reply] = turn?.replies ?? [];
  expect(reply).toMatchObject({ status: "failed", partial: "first words", error: { code: "cancelled" } });
  expect(joinDeltas(events, reply?.message_id ?? "")).toBe("first words");
  expect(eventsOf(events, "SUBAGENT_ERROR")).toMatchObject([{ code: "cancelled" }]);
  expect(events.at(-1)).toMatchObject({
    type: "RUN_FINISHED",
    result: { status: "failed", replies: [reply] },
  });
  const [cut] = await fixture.ledger();
  expect(cut).toMatchObject({ status: "failed", usage_source: "estimated" });
  expect(cut?.output_tokens).toBeGreaterThan(0);
  const { body: history } = await fixture.api.as(fixture.owner).get(`/sessions/${fixture.sessionId}/ag-ui`);
  expect(history.messages.at(-1)).toMatchObject({ metadata: { partial: "first words" } });

  const next = readEvents(await fixture.stream("@ada again"));
  await next.until("TEXT_MESSAGE_CONTENT");
  const [, call] = await fixture.models.journal();
  expect(JSON.stringify(call?.messages)).not.toContain("first words");
  await fixture.models.release("gate");
  await next.all();
});

test("a retry that is cancelled keeps the turn's answers", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob"], mode: "roundtable" });
  await fixture.models.script(
    says("ada", "one"),
    says("bob", { status: 400 }, 1),
    says("bob", { text: "late", hold: "gate" }, 2),
  );
  const { body: turn } = await fixture.post("hello");
  const retry = fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${turn.id}/retry`);
  await fixture.models.wait({ calls: 3 });

  expect(await cancel(fixture, turn.id)).toMatchObject({ status: 202, body: { status: "running" } });

  expect(await retry).toMatchObject({
    status: 201,
    body: { status: "partial", replies: [{ content: "one" }, { error: { code: "cancelled" } }] },
  });
  await expectLedgerMatchesCalls(fixture);
});

describe("a turn whose host is gone and that is cancelled", () => {
  test("is settled at once, whatever is left of its lease", async () => {
    const { fixture, post } = await startTurn();
    await loseObject(fixture.sessionId);
    await post;

    const cancelled = await cancelRunning(fixture);

    expect(cancelled).toMatchObject({ status: 202, body: { status: "running" } });
    expect(await fixture.read(cancelled.body.turn_id)).toMatchObject({ status: 200, body: cutTurn });
    expect(await fixture.post("and then?")).toMatchObject({ status: 201, body: { turn_index: 2 } });
    await expectLedgerMatchesCalls(fixture);
  });

  test("and that goes on after all stores nothing, and tells the turn as it was settled", async () => {
    const { fixture, post } = await startTurn();
    silenceCancel(fixture.sessionId);

    await cancelRunning(fixture);
    const stored = await fixture.rowCounts();
    await fixture.models.release("gate");

    expect(await post).toMatchObject({ status: 201, body: cutTurn });
    const { llm_call_events: _, ...rows } = stored ?? {};
    expect(await fixture.rowCounts()).toMatchObject(rows);
    await expectLedgerMatchesCalls(fixture);
  });

  test("is left to who settles it already, by another cancel and by its object", async () => {
    const { fixture, post } = await startTurn();
    await loseObject(fixture.sessionId);
    await post;
    const settler = crypto.randomUUID();
    await fixture.sql`update turn_claims set cancelled_at = clock_timestamp() where session_id = ${fixture.sessionId}`;
    await fixture.sql`update turn_claims set holder = ${settler}, lease_until = clock_timestamp() + interval '60 seconds',
      past_holders = past_holders || jsonb_build_object('holder', holder) where session_id = ${fixture.sessionId}`;

    expect(await cancelRunning(fixture)).toMatchObject({ status: 202, body: { status: "running" } });
    await passAlarm(fixture.sessionId);

    expect(await fixture.claim()).toMatchObject({ holder: settler });
  });

  test("and of which its caller is gone, too, is settled by the same request, and not resumed", async () => {
    const { fixture, post } = await startTurn();
    await loseObject(fixture.sessionId);
    await post;
    await fixture.sql`update turn_claims set cancelled_at = now() where session_id = ${fixture.sessionId}`;
    await endLease(fixture);

    const again = await fixture.post("hello", { key: "k" });

    expect(again).toMatchObject({ status: 201, body: cutTurn });
    expect(await listCallers(fixture)).toEqual(["ada", "bob"]);
  });
});
