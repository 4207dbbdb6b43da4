import { describe, expect, test } from "vitest";
import { inFlightCalls, type StoredProgress } from "../../../src/domain/billing/in-flight-calls.ts";
import type { RosterAgent } from "../../../src/domain/plan/roster-agent.ts";
import type { TurnPlan } from "../../../src/domain/plan/turn-plan.ts";
import { type PlanForm, planOf as planForm } from "../../support/plans.ts";

const agent = (agentKey: string, position: number): RosterAgent => ({
  agentKey,
  name: agentKey,
  modelAlias: "llama",
  rolePrompt: "r",
  toolPermissions: [],
  position,
});

const planOf = (form: PlanForm, ...keys: string[]): TurnPlan => planForm(form, keys.map(agent));

const answered = (holder: string, agentKey: string, round = 1) =>
  ({ holder, step: `${agentKey}#1`, agentKey, round, status: "completed" }) as const;
const nothing: StoredProgress = { calls: [], overhead: [], repliedSteps: [], decisions: [] };
const keysOf = (plan: TurnPlan, progress: StoredProgress, holders = ["h"]) =>
  inFlightCalls(plan, progress, holders).calls.map(
    ({ holder, step, round }) => `${holder}/${step.replace("#1", "")}/${round}`,
  );

test("of a sequence: the next agent and the one after it, since storing is one step behind", () => {
  expect(keysOf(planOf("sequence", "a", "b", "c"), nothing)).toEqual(["h/a/1", "h/b/1"]);
  const progress = { ...nothing, calls: [answered("h", "a")], repliedSteps: ["a#1"] };
  expect(keysOf(planOf("sequence", "a", "b", "c"), progress)).toEqual(["h/b/1", "h/c/1"]);
});

test("of parallel agents: each one without a stored answer", () => {
  const progress = { ...nothing, calls: [answered("h", "b")], repliedSteps: ["b#1"] };
  expect(keysOf(planOf("parallel", "a", "b", "c"), progress)).toEqual(["h/a/1", "h/c/1"]);
});

test("of an agent that uses tools: its next call", () => {
  const progress = { ...nothing, calls: [answered("h", "a")] };
  expect(keysOf(planOf("sequence", "a", "b"), progress)).toEqual(["h/a/2", "h/b/1"]);
});

test("an agent that failed without a billed call does not hide the call of another agent", () => {
  const progress = { ...nothing, repliedSteps: ["a#1"] };
  expect(keysOf(planOf("sequence", "a", "b", "c"), progress)).toEqual(["h/a/1", "h/b/1", "h/c/1"]);
  const later = { ...nothing, calls: [answered("h", "b")], repliedSteps: ["a#1", "b#1"] };
  expect(keysOf(planOf("sequence", "a", "b", "c", "d"), later)).toEqual(["h/c/1", "h/d/1"]);
});

test("each holder's calls are those after the progress that was stored when it was replaced", () => {
  const progress = {
    ...nothing,
    calls: [answered("one", "a"), answered("two", "b"), answered("three", "c")],
    repliedSteps: ["a#1", "b#1", "c#1"],
  };
  expect(keysOf(planOf("sequence", "a", "b", "c"), progress, ["one", "two"])).toEqual([
    "one/b/1",
    "one/c/1",
    "two/c/1",
  ]);
});

test("of a manager whose answer is not stored: its call, and one of each agent that it may have picked", () => {
  const inFlight = inFlightCalls(planOf("routed", "a", "b"), nothing, ["h"]);
  expect(inFlight.routing).toEqual([{ holder: "h", round: 1 }]);
  expect(inFlight.calls.map(({ agentKey }) => agentKey)).toEqual(["a", "b"]);
});

test("of parallel agents with a synthesis: also the synthesis, one step after them, and nothing later", () => {
  const plan = { ...planOf("parallel", "a", "b"), synthesizer: agent("s", 0) };
  expect(keysOf(plan, nothing)).toEqual(["h/a/1", "h/b/1", "h/synthesis/1"]);
  const progress = {
    ...nothing,
    calls: [answered("h", "a"), answered("h", "b")],
    repliedSteps: ["a#1", "b#1"],
  };
  expect(keysOf(plan, progress)).toEqual(["h/synthesis/1"]);
  const written = {
    ...progress,
    calls: [...progress.calls, { ...answered("h", "s"), step: "synthesis" }],
    repliedSteps: ["a#1", "b#1", "synthesis"],
  };
  expect(keysOf(plan, written)).toEqual([]);
});

describe("of several rounds", () => {
  const plan: TurnPlan = planForm("routed", ["a", "b"].map(agent), {
    maxRounds: 2,
    synthesizer: agent("s", 0),
  });
  const picked: StoredProgress["decisions"][number] = {
    selectedKeys: ["a"],
    rule: "selected",
    verdict: "ok",
  };
  const routed = (holder: string, round: number) => ({ holder, purpose: "routing", round }) as const;
  const all = (progress: StoredProgress, holders = ["h"]) => {
    const { calls, routing } = inFlightCalls(plan, progress, holders);
    return [
      ...routing.map(({ holder, round }) => `${holder}/route ${round}`),
      ...calls.map(({ holder, step, round }) => `${holder}/${step}/${round}`),
    ];
  };

  test("while the last agent of a round answers: its call and the manager's next call", () => {
    expect(all({ ...nothing, decisions: [picked], overhead: [routed("h", 1)] })).toEqual([
      "h/route 2",
      "h/a#1/1",
    ]);
  });

  test("while the manager decides again: its call, one of each agent, and the synthesis where it may have stopped", () => {
    const progress = { calls: [answered("h", "a")], repliedSteps: ["a#1"] };
    expect(all({ ...progress, decisions: [picked], overhead: [routed("h", 1)] })).toEqual([
      "h/route 2",
      "h/a#2/1",
      "h/b#1/1",
      "h/synthesis/1",
    ]);
  });

  test("a first holder keeps the manager's call of a round that another holder decided", () => {
    const progress = { ...nothing, decisions: [picked], overhead: [routed("two", 1)] };
    expect(all(progress, ["one", "two"])).toEqual([
      "one/route 1",
      "two/route 2",
      "one/a#1/1",
      "one/b#1/1",
      "two/a#1/1",
    ]);
  });
});
