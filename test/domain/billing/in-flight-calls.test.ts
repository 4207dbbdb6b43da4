import { expect, test } from "vitest";
import { inFlightCalls, type StoredProgress } from "../../../src/domain/billing/in-flight-calls.ts";
import type { TurnFlow } from "../../../src/domain/plan/modes.ts";
import type { TurnPlan } from "../../../src/domain/plan/turn-plan.ts";

const planOf = (flow: TurnFlow, ...keys: string[]): TurnPlan => ({
  ...{ mode: "roundtable", flow, unknownTags: [] },
  agents: keys.map((agentKey, position) => ({
    ...{ agentKey, name: agentKey, modelAlias: "llama", rolePrompt: "r", toolPermissions: [], position },
  })),
});

const answered = (holder: string, agentKey: string, round = 1) =>
  ({ holder, agentKey, round, status: "completed" }) as const;
const nothing: StoredProgress = { calls: [], overhead: [], repliedKeys: [], selectedKeys: null };
const keysOf = (plan: TurnPlan, progress: StoredProgress, holders = ["h"]) =>
  inFlightCalls(plan, progress, holders).calls.map(
    ({ holder, agentKey, round }) => `${holder}/${agentKey}/${round}`,
  );

test("of a sequence: the next agent, and the one after, since storing lags by a step", () => {
  expect(keysOf(planOf("sequence", "a", "b", "c"), nothing)).toEqual(["h/a/1", "h/b/1"]);
  const progress = { ...nothing, calls: [answered("h", "a")], repliedKeys: ["a"] };
  expect(keysOf(planOf("sequence", "a", "b", "c"), progress)).toEqual(["h/b/1", "h/c/1"]);
});

test("of a fan-out: everybody whose answer is not stored", () => {
  const progress = { ...nothing, calls: [answered("h", "b")], repliedKeys: ["b"] };
  expect(keysOf(planOf("parallel", "a", "b", "c"), progress)).toEqual(["h/a/1", "h/c/1"]);
});

test("of an agent on its way through tools: its next call", () => {
  const progress = { ...nothing, calls: [answered("h", "a")] };
  expect(keysOf(planOf("sequence", "a", "b"), progress)).toEqual(["h/a/2", "h/b/1"]);
});

test("an agent that failed without a billed call takes no other's place", () => {
  const progress = { ...nothing, repliedKeys: ["a"] };
  expect(keysOf(planOf("sequence", "a", "b", "c"), progress)).toEqual(["h/a/1", "h/b/1", "h/c/1"]);
  const later = { ...nothing, calls: [answered("h", "b")], repliedKeys: ["a", "b"] };
  expect(keysOf(planOf("sequence", "a", "b", "c", "d"), later)).toEqual(["h/c/1", "h/d/1"]);
});

test("each holder's calls are those after what was stored when it was replaced", () => {
  const progress = {
    ...nothing,
    calls: [answered("one", "a"), answered("two", "b"), answered("three", "c")],
    repliedKeys: ["a", "b", "c"],
  };
  expect(keysOf(planOf("sequence", "a", "b", "c"), progress, ["one", "two"])).toEqual([
    "one/b/1",
    "one/c/1",
    "two/c/1",
  ]);
});

test("of a manager that was not heard: its call, and one of anybody whom it may have picked", () => {
  const inFlight = inFlightCalls(planOf("routed", "a", "b"), nothing, ["h"]);
  expect(inFlight.routingHolders).toEqual(["h"]);
  expect(inFlight.calls.map(({ agentKey }) => agentKey)).toEqual(["a", "b"]);
});
