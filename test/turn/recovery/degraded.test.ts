import { expect, test } from "vitest";
import { failing, watchDatabase } from "../../support/database-requests.ts";
import { createTurnScene } from "../../support/turn-scene.ts";

const flagsOf = (audit: { checkpoint_degraded: boolean }[]) =>
  audit.map(({ checkpoint_degraded }) => checkpoint_degraded);

test("a step that cannot be stored costs the turn nothing, and its audit and one warning say so", async () => {
  const scene = await createTurnScene({ agents: ["ada", "bob", "cy"], mode: "roundtable" });
  const warnings = () => scene.api.lines.filter(({ event }) => event === "checkpoint_degraded");

  const whole = await scene.post("hello");
  // The open is the first request, the first agent's step the second.
  const { result: degraded } = await watchDatabase(() => scene.post("hello again"), failing(2));

  expect(flagsOf((await scene.read(whole.body.id)).body.audit)).toEqual([false, false, false]);
  expect(degraded).toMatchObject({ status: 201, body: { status: "completed", usage: { calls: 3 } } });
  expect(flagsOf((await scene.read(degraded.body.id)).body.audit)).toEqual([true, true, true]);
  expect(warnings()).toEqual([expect.objectContaining({ level: "warn", run_id: degraded.body.id })]);
});
