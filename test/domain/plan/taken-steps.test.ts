import { describe, expect, test } from "vitest";
import type { RosterAgent } from "../../../src/domain/plan/roster-agent.ts";
import {
  findRoundsEnd,
  isRoutingOver,
  pickedSteps,
  takenSteps,
} from "../../../src/domain/plan/taken-steps.ts";
import type { RoutingDecision } from "../../../src/domain/routing/routing-decision.ts";
import { planOf } from "../../support/plans.ts";

const agent = (agentKey: string, position = 0): RosterAgent => ({
  agentKey,
  name: agentKey,
  modelAlias: "llama",
  rolePrompt: "r",
  toolPermissions: [],
  position,
});
const agents = ["a", "b", "c", "d"].map(agent);
const picks = (...selectedKeys: string[]): RoutingDecision => ({
  selectedKeys,
  rule: "selected",
  verdict: "ok",
  raw: null,
});
const stops = (verdict: RoutingDecision["verdict"] = "ok"): RoutingDecision => ({
  selectedKeys: [],
  rule: "stopped",
  verdict,
  raw: null,
});

describe("the steps of a routed plan", () => {
  const router = { candidates: agents, maxRounds: 3 };

  test("are numbered for each agent, belong to a round, and each sees all before it", () => {
    const steps = pickedSteps(router, [picks("a", "b"), picks("a")]);
    expect(steps.map(({ id, round, after, sees }) => ({ id, round, after, sees }))).toEqual([
      { id: "a#1", round: 1, after: [], sees: [] },
      { id: "b#1", round: 1, after: ["a#1"], sees: ["a#1"] },
      { id: "a#2", round: 2, after: ["b#1"], sees: ["a#1", "b#1"] },
    ]);
  });

  test("are at most twelve without the synthesis", () => {
    const rounds = Array.from({ length: 5 }, () => picks("a", "b", "c"));
    const many = { candidates: agents, maxRounds: 9 };
    expect(pickedSteps(many, rounds)).toHaveLength(12);
    expect(findRoundsEnd(many, rounds.slice(0, 3))).toBeNull();
    expect(findRoundsEnd(many, rounds.slice(0, 4))).toBe("max_steps");
    const plan = { ...planOf("routed", agents, { synthesizer: agent("a") }), router: many };
    expect(takenSteps(plan, rounds)).toHaveLength(13);
  });

  test.each([
    ["nothing is decided", [], null],
    ["a round is left", [picks("a")], null],
    ["the manager stopped", [picks("a"), stops()], "manager"],
    ["its answer could not be read", [picks("a"), stops("not_json")], "unreadable_decision"],
    ["the room allows no more", [picks("a"), picks("b"), picks("c")], "max_rounds"],
  ] as const)("end where %s as expected", (_case, decisions, end) => {
    expect(findRoundsEnd(router, decisions)).toBe(end);
  });
});

describe("the synthesis", () => {
  const synthesisOf = (form: "parallel" | "sequence") =>
    takenSteps(planOf(form, agents, { synthesizer: agent("a") }), []).at(-1);

  test("starts after all parallel steps, or after the last of a sequence, and sees all of them", () => {
    const sees = ["a#1", "b#1", "c#1", "d#1"];
    expect(synthesisOf("parallel")).toMatchObject({ id: "synthesis", round: null, after: sees, sees });
    expect(synthesisOf("sequence")).toMatchObject({ id: "synthesis", after: ["d#1"], sees });
  });

  test("of a routed plan starts when the manager decides nothing more", () => {
    const plan = planOf("routed", agents, { maxRounds: 2, synthesizer: agent("a") });
    expect(isRoutingOver(plan, [picks("b")])).toBe(false);
    expect(takenSteps(plan, [picks("b")]).map(({ id }) => id)).toEqual(["b#1"]);
    expect(takenSteps(plan, [picks("b"), stops()]).map(({ id }) => id)).toEqual(["b#1", "synthesis"]);
  });
});
