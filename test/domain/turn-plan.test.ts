import { describe, expect, test } from "vitest";
import { modelAliasMarker, planTurn, type RosterAgent } from "../../src/domain/turn-plan.ts";

const agent = (agentKey: string, position: number, modelAlias = "llama"): RosterAgent => ({
  agentKey,
  name: agentKey.toUpperCase(),
  modelAlias,
  rolePrompt: `role of ${agentKey}`,
  toolPermissions: [],
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
        order: "parallel",
        sharesAnswers: false,
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

test.each(["roundtable", "orchestrator"] as const)("mode %s is not available yet", (mode) => {
  expect(planTurn({ mode, roster, message: "@ada" })).toMatchObject({
    ok: false,
    refusal: { code: "mode_not_available" },
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
  expect(
    modelAliasMarker(
      mode,
      aliases.map((modelAlias) => ({ modelAlias })),
    ),
  ).toBe(marker);
});
