import { describe, expect, test } from "vitest";
import type { RoomMode } from "../../../src/domain/plan/modes.ts";
import type { RosterAgent } from "../../../src/domain/plan/roster-agent.ts";
import { modelAliasMarker, planAgents, planRetry, planTurn } from "../../../src/domain/plan/turn-plan.ts";

const agent = (agentKey: string, position: number, modelAlias = "llama"): RosterAgent => ({
  agentKey,
  name: agentKey.toUpperCase(),
  modelAlias,
  rolePrompt: `role of ${agentKey}`,
  toolPermissions: [],
  modelSettings: {},
  position,
});
const step = (agentKey: string, position: number) => ({
  id: `${agentKey}#1`,
  role: "agent",
  round: 1,
  agent: agent(agentKey, position),
  after: [],
  sees: [],
});
const roster = [agent("ada", 0), agent("bob", 1, "qwen"), agent("cy", 2)];

describe.each(["manual", "tag"] as const)("a turn in mode %s", (mode) => {
  test("asks the tagged agents at once, in the order of their tags; none sees another's answer", () => {
    const verdict = planTurn({ mode, roster, message: "@cy and @Ada and @cy" });
    expect(verdict).toEqual({
      ok: true,
      plan: {
        mode,
        steps: [step("cy", 2), step("ada", 0)],
        router: null,
        synthesizer: null,
        unknownTags: [],
      },
    });
  });

  test("keeps unknown tags beside a known one for the audit", () => {
    expect(planTurn({ mode, roster, message: "@zoe @ada @Max" })).toMatchObject({
      ok: true,
      plan: { steps: [{ id: "ada#1" }], unknownTags: ["zoe", "Max"] },
    });
  });

  test("with an override uses its model for every agent and changes nothing else", () => {
    const verdict = planTurn({ mode, roster, message: "@ada @bob", modelAliasOverride: "premium" });
    expect(verdict).toMatchObject({
      plan: { steps: [{ agent: agent("ada", 0, "premium") }, { agent: agent("bob", 1, "premium") }] },
    });
  });

  test.each([
    ["nobody is tagged", "hello", "Tag at least one agent of the room, for example @key."],
    ["only strangers are tagged", "@zoe?", "No agent of this room is tagged; unknown: @zoe."],
    [
      "an e-mail address looks like a tag",
      "ask me@ada",
      "Tag at least one agent of the room, for example @key.",
    ],
  ])("is refused where %s", (_case, message, detail) => {
    expect(planTurn({ mode, roster, message })).toEqual({
      ok: false,
      refusal: { code: "no_valid_tagged_agents", detail },
    });
  });

  test("is refused in a room without agents", () => {
    expect(planTurn({ mode, roster: [], message: "@ada" })).toMatchObject({
      refusal: { code: "no_valid_tagged_agents" },
    });
  });
});

describe.each(["roundtable", "orchestrator"] as const)("a turn in mode %s", (mode) => {
  test("asks every agent of the room by position, also where some are tagged", () => {
    const result = planTurn({ mode, roster: roster.toReversed(), message: "@bob hello" });
    expect(result.ok && planAgents(result.plan)).toEqual(roster);
  });

  test("is refused in a room without agents", () => {
    expect(planTurn({ mode, roster: [], message: "hello" })).toMatchObject({
      refusal: { code: "no_room_agents" },
    });
  });
});

test("agents of a roundtable answer one after another, and each sees the answers before its own", () => {
  const result = planTurn({ mode: "roundtable", roster, message: "hello" });
  const steps = result.ok ? result.plan.steps : [];
  expect(steps.map(({ id, after, sees }) => ({ id, after, sees }))).toEqual([
    { id: "ada#1", after: [], sees: [] },
    { id: "bob#1", after: ["ada#1"], sees: ["ada#1"] },
    { id: "cy#1", after: ["bob#1"], sees: ["ada#1", "bob#1"] },
  ]);
});

test("permissions that cannot be read count as none", () => {
  const broken = {
    ...agent("ada", 0),
    toolPermissions: "search" as unknown as string[],
    modelSettings: [] as object,
  };
  expect(planTurn({ mode: "tag", roster: [broken], message: "@ada" })).toMatchObject({
    plan: { steps: [{ agent: { toolPermissions: [], modelSettings: {} } }] },
  });
});

describe("the plan of a retry", () => {
  const failed = (...keys: string[]) => keys.map((agentKey) => ({ id: `${agentKey}#1`, agentKey, round: 1 }));
  const plan = (mode: RoomMode, ...keys: string[]) =>
    planRetry({ mode, roster, failed: failed(...keys), hasSynthesis: false });

  test.each([
    ["manual", []],
    ["roundtable", ["cy#1"]],
    ["orchestrator", ["cy#1"]],
  ] as const)("of a %s turn asks the agents that failed, in the turn's order", (mode, after) => {
    expect(plan(mode, "cy", "ada")).toMatchObject({
      ok: true,
      plan: {
        mode,
        router: null,
        steps: [
          { id: "cy#1", after: [] },
          { id: "ada#1", after },
        ],
      },
    });
  });

  test("keeps the id and the round of each step", () => {
    const later = { id: "ada#2", agentKey: "ada", round: 2 };
    const result = planRetry({ mode: "orchestrator", roster, failed: [later], hasSynthesis: false });
    expect(result).toMatchObject({ plan: { steps: [{ id: "ada#2", round: 2 }] } });
  });

  test("leaves out agents that have left the room, and is refused where none is left", () => {
    expect(plan("tag", "zoe", "bob")).toMatchObject({ plan: { steps: [{ id: "bob#1" }] } });
    expect(plan("tag", "zoe")).toMatchObject({ refusal: { code: "nothing_to_retry" } });
  });
});

const aliasedAgents = (...aliases: string[]) =>
  aliases.map((alias, position) => agent(`agent-${position}`, position, alias));

test.each([
  ["manual", ["llama"], "llama"],
  ["manual", ["llama", "llama"], "multi-agent"],
  ["orchestrator", ["qwen"], "qwen"],
  ["orchestrator", ["qwen", "llama"], "multi-agent"],
  ["roundtable", ["qwen"], "roundtable"],
  ["roundtable", ["qwen", "llama"], "roundtable"],
] as const)("a %s turn of %j has the marker %s", (mode, aliases, marker) => {
  expect(modelAliasMarker(mode, aliasedAgents(...aliases))).toBe(marker);
});

test("a turn in which one agent ran all steps has the alias of that agent", () => {
  expect(modelAliasMarker("orchestrator", [agent("ada", 0), agent("ada", 0)])).toBe("llama");
});
