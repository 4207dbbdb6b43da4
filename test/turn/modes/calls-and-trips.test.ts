import { describe, expect, test } from "vitest";
import type { RoomMode } from "../../../src/domain/plan/modes.ts";
import type { Answer } from "../../support/api.ts";
import { type DatabaseRequest, watchDatabase } from "../../support/database-requests.ts";
import type { ModelRule } from "../../support/models.ts";
import { createTurnFixture, says } from "../../support/turn-fixture.ts";
import { callerOf, databaseTrips, managerPicks, overlappedTrips } from "./support/model-calls.ts";

type Case = { mode: RoomMode; agents: string[]; message: string; picked?: string[]; asked: string[] };

const room = ["ada", "bob", "cy", "dan", "eve"];
const cases: Case[] = [
  { mode: "manual", agents: ["ada"], message: "@ada hello", asked: ["ada"] },
  { mode: "tag", agents: room, message: "@eve @ada @cy", asked: ["ada", "cy", "eve"] },
  { mode: "tag", agents: room, message: "@ada @bob @cy @dan @eve", asked: room },
  { mode: "roundtable", agents: ["ada"], message: "hello", asked: ["ada"] },
  { mode: "roundtable", agents: room, message: "hello @bob", asked: room },
  { mode: "orchestrator", agents: ["ada"], message: "hello", picked: ["ada"], asked: ["ada", "manager"] },
  {
    mode: "orchestrator",
    agents: room,
    message: "@ada hello",
    picked: ["dan", "bob"],
    asked: ["bob", "dan", "manager"],
  },
];

const rules = ({ picked }: Case, ...more: ModelRule[]) => [
  ...more,
  ...(picked ? [managerPicks(...picked)] : []),
];

/** The answer waited for two requests; all others overlapped model calls. */
function expectTwoTrips({ headers }: Answer, requests: readonly DatabaseRequest[]): void {
  expect(databaseTrips(headers)).toBe("2");
  expect(requests).toHaveLength(2 + overlappedTrips(headers));
}

describe("a turn calls exactly the models of its plan, and sends two requests to the database", () => {
  test.each(cases)("$mode with $agents: $asked", async (one) => {
    const fixture = await createTurnFixture({ agents: one.agents, mode: one.mode });
    await fixture.models.script(...rules(one));

    const { result, requests } = await watchDatabase(() => fixture.post(one.message));

    expect(result.body).toMatchObject({ status: "completed", summary_triggered: false });
    expect((await fixture.models.journal()).map(callerOf).toSorted()).toEqual(one.asked);
    expectTwoTrips(result, requests);
  });

  test.each(cases)("$mode with $agents, and two more calls for a summary that is due", async (one) => {
    const fixture = await createTurnFixture({
      agents: one.agents,
      mode: one.mode,
      settings: { CONTEXT_SUMMARY_EVERY_TURNS: "2", CONTEXT_KEEP_RAW_TURNS: "1", SUMMARY_GRACE_MS: "10000" },
    });
    await fixture.models.script(...rules(one));
    for (const _ of [1, 2]) await fixture.post(one.message);
    const before = (await fixture.models.journal()).length;

    const { result, requests } = await watchDatabase(() => fixture.post(one.message));

    expect(result.body).toMatchObject({ status: "completed", summary_triggered: true });
    const asked = (await fixture.models.journal()).slice(before).map(callerOf);
    expect(before).toBe(2 * one.asked.length);
    expect(asked.toSorted()).toEqual([...one.asked, "summary_structure", "summary_text"].toSorted());
    expectTwoTrips(result, requests);
  });

  test.each(cases)("$mode with $agents, also where an agent fails and is retried", async (one) => {
    const fixture = await createTurnFixture({ agents: one.agents, mode: one.mode });
    const [failing = ""] = one.asked;
    await fixture.models.script(...rules(one), says(failing, { status: 400 }));

    const first = await watchDatabase(() => fixture.post(one.message, { key: "k" }));
    await fixture.models.script();
    const again = await watchDatabase(() =>
      fixture.api.as(fixture.owner).post(`${fixture.turnsPath}/${first.result.body.id}/retry`),
    );

    expect(again.result).toMatchObject({ status: 201, body: { status: "completed" } });
    const asked = (await fixture.models.journal()).map(callerOf);
    expect(asked.slice(0, one.asked.length).toSorted()).toEqual(one.asked);
    expect(asked.slice(one.asked.length)).toEqual([failing]);
    for (const { result, requests } of [first, again]) {
      expectTwoTrips(result, requests);
    }
  });
});
