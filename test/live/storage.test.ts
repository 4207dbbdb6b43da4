import { expect, test } from "vitest";
import { readEvents } from "../support/event-reader.ts";
import { breakStorage, passAlarm } from "../support/session-objects.ts";
import { createStreamFixture } from "../support/streams.ts";
import { createTurnFixture, says } from "../support/turn-fixture.ts";
import { endLease } from "../turn/recovery/support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "../turn/recovery/support/ledger-check.ts";

test("a run whose start its object cannot store calls no model, and goes on when its lease has run out", async () => {
  const fixture = await createTurnFixture();
  await fixture.api.deps.hosts(fixture.sessionId).prepare();
  const storage = await breakStorage(fixture.sessionId, "sync");

  const answer = await fixture.post("@ada hello", { key: "k" });

  expect(answer).toMatchObject({ status: 409, body: { code: "turn_in_progress" } });
  expect(storage.failures()).toBe(1);
  expect(await fixture.models.journal()).toEqual([]);
  storage.mend();
  await endLease(fixture);
  await passAlarm(fixture.sessionId);
  expect(await fixture.post("@ada hello", { key: "k" })).toMatchObject({
    status: 201,
    body: { id: answer.body.turn_id, status: "completed" },
  });
  expect(await fixture.models.journal()).toHaveLength(1);
  await expectLedgerMatchesCalls(fixture);
});

test("a turn whose events its object cannot store is stored, and its readers have all of them", async () => {
  // More than one pack of events.
  const pieces = Array.from({ length: 40 }, (_, n) => `${n} ${"word ".repeat(200)}`);
  const fixture = await createStreamFixture(
    { agents: ["ada"] },
    says("ada", { deltas: pieces, hold_after_first: "gate" }),
  );
  const reader = readEvents(await fixture.stream("@ada hello"));
  const { runId: turnId } = await reader.until("RUN_STARTED");
  await reader.until("TEXT_MESSAGE_CONTENT");
  const storage = await breakStorage(fixture.sessionId, "inserts");

  await fixture.models.release("gate");

  const events = await reader.all();
  expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", result: { status: "completed" } });
  expect(storage.failures()).toBeGreaterThan(2);
  expect(await fixture.turns()).toMatchObject([{ id: turnId, status: "completed" }]);
  const again = await fixture.api.app.request(`/api/v1${fixture.turnsPath}/${turnId}/events`, {
    headers: { Authorization: `Bearer ${fixture.token}` },
  });
  expect(await readEvents(again).all()).toEqual(events);
});

test("a turn whose object cannot delete the events of the turn before is stored, and its readers have its own", async () => {
  const fixture = await createStreamFixture({ agents: ["ada"] }, says("ada", "one"), says("ada", "two"));
  await readEvents(await fixture.stream("@ada hello")).all();
  const storage = await breakStorage(fixture.sessionId, "deletes");

  const events = await readEvents(await fixture.stream("@ada and then")).all();

  expect(storage.failures()).toBeGreaterThan(0);
  expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", result: { status: "completed" } });
  const turns = await fixture.turns();
  expect(fixture.api.lines.filter(({ event }) => event === "events_not_stored")).toMatchObject([
    { run_id: turns[1]?.id },
  ]);
  const again = await fixture.api.app.request(`/api/v1${fixture.turnsPath}/${turns[1]?.id}/events`, {
    headers: { Authorization: `Bearer ${fixture.token}` },
  });
  expect(await readEvents(again).all()).toEqual(events);
});
