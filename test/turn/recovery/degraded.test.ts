import { expect, test } from "vitest";
import { failing, watchDatabase } from "../../support/database-requests.ts";
import { createTurnFixture } from "../../support/turn-fixture.ts";

const flagsOf = (audit: { checkpoint_degraded: boolean }[]) =>
  audit.map(({ checkpoint_degraded }) => checkpoint_degraded);

test("a turn goes on where a checkpoint cannot be stored; its audit and one warning record it", async () => {
  const fixture = await createTurnFixture({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
  const warnings = () => fixture.api.lines.filter(({ event }) => event === "checkpoint_degraded");

  const whole = await fixture.post("hello");
  // The open is the first request, the first agent's step the second.
  const { result: degraded } = await watchDatabase(() => fixture.post("hello again"), failing(2));

  expect(flagsOf((await fixture.read(whole.body.id)).body.audit)).toEqual([false, false, false]);
  expect(degraded).toMatchObject({ status: 201, body: { status: "completed", usage: { calls: 3 } } });
  expect(flagsOf((await fixture.read(degraded.body.id)).body.audit)).toEqual([true, true, true]);
  expect(warnings()).toEqual([expect.objectContaining({ level: "warn", run_id: degraded.body.id })]);
});
