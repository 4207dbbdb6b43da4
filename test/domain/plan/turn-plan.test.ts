import { describe, expect, test } from "vitest";
import type { TurnFlow } from "../../../src/domain/plan/modes.ts";
import {
  modelAliasMarker,
  planRetry,
  planTurn,
  type RosterAgent,
  sharesAnswers,
} from "../../../src/domain/plan/turn-plan.ts";

const agent = (agentKey: string, position: number, modelAlias = "llama"): RosterAgent => ({
  agentKey,
  name: agentKey.toUpperCase(),
  modelAlias,
  rolePrompt: `role of ${agentKey}`,
  toolPermissions: [],
  modelSettings: {},
  position,
});
const roster = [agent("ada", 0), agent("bob", 1, "qwen"), agent("cy", 2)];

describe.each(["manual", "tag"] as const)("a turn in mode %s", (mode) => {
  test("asks the tagged agents at once, in the order of their tags, none sees another's answer", () => {
    const verdict = planTurn({ mode, roster, message: "@cy and @Ada and @cy" });
    expect(verdict).toEqual({
      ok: true,
      plan: {
        mode,
        agents: [agent("cy", 2), agent("ada", 0)],
        flow: "parallel",
        unknownTags: [],
      },
    });
  });

  test("unknown tags beside a known one are kept for the audit", () => {
    expect(planTurn({ mode, roster, message: "@zoe @ada @Max" })).toMatchObject({
      ok: true,
      plan: { agents: [{ agentKey: "ada" }], unknownTags: ["zoe", "Max"] },
    });
  });

  test("an override is the model of every agent and changes nothing else", () => {
    const verdict = planTurn({ mode, roster, message: "@ada @bob", modelAliasOverride: "premium" });
    expect(verdict).toMatchObject({
      plan: { agents: [agent("ada", 0, "premium"), agent("bob", 1, "premium")] },
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

describe.each([
  ["roundtable", "sequence"],
  ["orchestrator", "routed"],
] as const)("a turn in mode %s", (mode, flow) => {
  test("has every agent of the room, by position, whoever is tagged", () => {
    const verdict = planTurn({ mode, roster: roster.toReversed(), message: "@bob hello" });
    expect(verdict).toEqual({ ok: true, plan: { mode, flow, agents: roster, unknownTags: [] } });
  });

  test("is refused in a room without agents", () => {
    expect(planTurn({ mode, roster: [], message: "hello" })).toMatchObject({
      refusal: { code: "no_room_agents" },
    });
  });
});

test("only agents that answer at once are not shown each other's answers", () => {
  const flows: TurnFlow[] = ["parallel", "sequence", "routed"];
  expect(flows.filter((flow) => sharesAnswers({ flow }))).toEqual(["sequence", "routed"]);
});

test("permissions that cannot be read count as none", () => {
  const broken = {
    ...agent("ada", 0),
    toolPermissions: "search" as unknown as string[],
    modelSettings: [] as object,
  };
  expect(planTurn({ mode: "tag", roster: [broken], message: "@ada" })).toMatchObject({
    plan: { agents: [{ toolPermissions: [], modelSettings: {} }] },
  });
});

describe("the plan of a retry", () => {
  test.each([
    ["manual", "parallel"],
    ["roundtable", "sequence"],
    ["orchestrator", "sequence"],
  ] as const)("of a %s turn asks those who failed, in the turn's order, in %s", (mode, flow) => {
    expect(planRetry(mode, roster, ["cy", "ada"])).toMatchObject({
      ok: true,
      plan: { mode, flow, agents: [{ agentKey: "cy" }, { agentKey: "ada" }] },
    });
  });

  test("leaves out who has left the room, and is refused where nobody is left", () => {
    expect(planRetry("tag", roster, ["zoe", "bob"])).toMatchObject({
      plan: { agents: [{ agentKey: "bob" }] },
    });
    expect(planRetry("tag", roster, ["zoe"])).toMatchObject({ refusal: { code: "nothing_to_retry" } });
  });
});

test.each([
  ["manual", ["llama"], "llama"],
  ["manual", ["llama", "llama"], "multi-agent"],
  ["orchestrator", ["qwen"], "qwen"],
  ["orchestrator", ["qwen", "llama"], "multi-agent"],
  ["roundtable", ["qwen"], "roundtable"],
  ["roundtable", ["qwen", "llama"], "roundtable"],
] as const)("a %s turn of %j is marked %s", (mode, aliases, marker) => {
  expect(modelAliasMarker(mode, aliases)).toBe(marker);
});
