import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { RosterAgent } from "../../../src/domain/plan/roster-agent.ts";
import {
  buildRoutingPrompt,
  type RoutingDecision,
  readRoutingDecision,
} from "../../../src/domain/routing/routing-decision.ts";
import { agentFailureCodes } from "../../../src/domain/turn/agent-failure.ts";
import managerCases from "../../cases/manager-answers.json";

const agent = (agentKey: string, position: number, rest: Partial<RosterAgent> = {}): RosterAgent => ({
  agentKey,
  name: `The ${agentKey}`,
  modelAlias: "qwen",
  rolePrompt: `You are the ${agentKey}.`,
  toolPermissions: [],
  position,
  ...rest,
});

// Not in the order of positions: the first position is Writer's.
const roster = [
  agent("critic", 2),
  agent("Writer", 1),
  agent("coder", 3),
  agent("tester", 4),
  agent("ops", 5),
];
const countWords = (text: string) => text.split(" ").length;
const read = (text: string) => readRoutingDecision({ ok: true, text }, roster, countWords);
const selected = (keys: string[]) => ({ selectedKeys: keys, rule: "selected", verdict: "ok" });
const fallback = (verdict: RoutingDecision["verdict"]) => ({
  selectedKeys: ["Writer"],
  rule: "fallback_first_position",
  verdict,
});

describe("readRoutingDecision", () => {
  it.each([
    ["a list, in the manager's order", '{"selected_agent_keys": ["ops", "critic"]}', ["ops", "critic"]],
    ["a fence with a language", '```json\n{"selected_agent_keys": ["ops"]}\n```', ["ops"]],
    ["a fence without one", '```\n{"selected_agent_keys": ["ops"]}\n```', ["ops"]],
    ["a fence on one line", '```JSON {"selected_agent_keys": ["ops"]}```', ["ops"]],
    ["white space around", '\n\t {"selected_agent_keys": ["ops"]} \r\n', ["ops"]],
    ["the roster's spelling", '{"selected_agent_keys": ["WRITER", "Critic"]}', ["Writer", "critic"]],
    ["unknown keys dropped", '{"selected_agent_keys": ["nobody", "ops", "manager"]}', ["ops"]],
    ["duplicates dropped", '{"selected_agent_keys": ["ops", "OPS", "coder", "ops"]}', ["ops", "coder"]],
    ["items that are no keys dropped", '{"selected_agent_keys": [5, null, ["ops"], {}, "coder"]}', ["coder"]],
    ["a reason beside it", '{"reason": "x", "selected_agent_keys": ["ops"]}', ["ops"]],
    ["keys with @ and blanks", '{"selected_agent_keys": ["@ops", " @ CODER\\n"]}', ["ops", "coder"]],
    ["a string for a list of one", '{"selected_agent_keys": "ops"}', ["ops"]],
    ["JSON inside prose", 'Sure: {"selected_agent_keys": ["ops"]}. Done?', ["ops"]],
    ["the list before a lone key", '{"selected_agent_keys":["ops"],"selected_agent_key":"coder"}', ["ops"]],
  ])("accepts %s", (_, text, keys) => {
    expect(read(text)).toEqual({
      ...selected(keys),
      raw: text,
    });
  });

  it("takes the first three valid keys", () => {
    const text = '{"selected_agent_keys": ["nobody", "ops", "Ops", "tester", "coder", "critic", "writer"]}';
    expect(read(text)).toMatchObject(selected(["ops", "tester", "coder"]));
  });

  it("accepts a single key", () => {
    expect(read('{"selected_agent_key": "CODER"}')).toMatchObject({
      selectedKeys: ["coder"],
      rule: "legacy_single_key",
      verdict: "ok",
    });
  });

  it.each([
    ["not_json", "prose", "I would ask ops."],
    ["ambiguous", "two choices", '{"selected_agent_keys": ["ops"]} or {"selected_agent_keys": ["coder"]}'],
    ["not_json", "no text", ""],
    ["not_json", "blank text", " \n"],
    ["not_json", "an empty fence", "``````"],
    ["not_json", "half a fence", "````"],
    ["not_json", "a cut object", '{"selected_agent_keys": ["ops"'],
    ["not_json", "single quotes", "{'selected_agent_keys': ['ops']}"],
    ["wrong_shape", "a bare list", '["ops"]'],
    ["wrong_shape", "null", "null"],
    ["wrong_shape", "a string", '"ops"'],
    ["wrong_shape", "an empty object", "{}"],
    ["wrong_shape", "another key", '{"agents": ["ops"]}'],
    ["wrong_shape", "a bad list beside a key", '{"selected_agent_keys": null, "selected_agent_key": "ops"}'],
    ["wrong_shape", "a list for the lone key", '{"selected_agent_key": ["ops"]}'],
    ["nothing_left", "an empty list", '{"selected_agent_keys": []}'],
    ["nothing_left", "unknown keys only", '{"selected_agent_keys": ["nobody", "@@ops"]}'],
    ["nothing_left", "no strings", '{"selected_agent_keys": [1, true]}'],
    ["nothing_left", "an unknown lone key", '{"selected_agent_key": "nobody"}'],
  ] as const)("falls back, %s: %s", (verdict, _, text) => {
    expect(read(text)).toEqual({ ...fallback(verdict), raw: text });
  });

  it("falls back on a failed call, and records an answer over its length as too long", () => {
    for (const code of agentFailureCodes) {
      const verdict = code === "model_output_limit" ? "too_long" : "call_failed";
      expect(readRoutingDecision({ ok: false, code }, roster, countWords)).toEqual({
        ...fallback(verdict),
        raw: null,
      });
    }
  });

  it("measures an answer without its reasoning", () => {
    const choice = '{"selected_agent_keys": ["ops"]}';
    expect(read(`<think>${"so ".repeat(500)}</think>${choice}`)).toMatchObject(selected(["ops"]));
    expect(read(`${"so ".repeat(500)}</think>${choice}`)).toMatchObject(selected(["ops"]));
    expect(read(`${choice} ${"so ".repeat(253)}`)).toMatchObject(selected(["ops"]));
    expect(read(`${choice} ${"so ".repeat(254)}`)).toMatchObject(fallback("too_long"));
  });

  it("keeps at most 2 KiB of the answer, cut between characters, without characters that Postgres refuses", () => {
    expect(read(`x${"é".repeat(2_000)}`).raw).toBe(`x${"é".repeat(1_023)}`);
    expect(read("y".repeat(2_048)).raw).toHaveLength(2_048);
    expect(read("a\u0000\ud83d").raw).toBe("a\ufffd");
  });

  it("always selects one to three agents of the roster, for any answer of the manager", () => {
    const keys = fc.oneof(
      fc.constantFrom("OPS", "critic", "writer", "Tester", "coder", "__proto__"),
      fc.string(),
    );
    const items = fc.array(fc.oneof(keys, fc.jsonValue()), { maxLength: 9 });
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      items.map((list) => JSON.stringify({ selected_agent_keys: list })),
      fc.jsonValue().map((value) => JSON.stringify({ selected_agent_key: value })),
      items.map((list) => `\`\`\`json\n${JSON.stringify({ selected_agent_keys: list })}\n\`\`\``),
    );
    const answer = fc.oneof(
      text.map((text) => ({ ok: true as const, text })),
      fc.constantFrom(...agentFailureCodes).map((code) => ({ ok: false as const, code })),
    );
    const anyRoster = fc.shuffledSubarray(roster, { minLength: 1 });
    fc.assert(
      fc.property(answer, anyRoster, (answer, agents) => {
        const { selectedKeys, rule, verdict } = readRoutingDecision(answer, agents, countWords);
        expect(selectedKeys.length).toBeGreaterThanOrEqual(1);
        expect(selectedKeys.length).toBeLessThanOrEqual(3);
        expect(new Set(selectedKeys).size).toBe(selectedKeys.length);
        for (const key of selectedKeys) expect(agents.map(({ agentKey }) => agentKey)).toContain(key);
        expect(rule === "fallback_first_position").toBe(verdict !== "ok");
      }),
      { numRuns: 2_000 },
    );
  });
});

test.each(managerCases.cases)("reads the manager's answer of $name", ({ answer, expect: keys }) => {
  const room = managerCases.room.map((agentKey, position) => agent(agentKey, position));
  const { selectedKeys, rule } = readRoutingDecision({ ok: true, text: answer }, room, countWords);
  if (keys === "fallback")
    expect({ selectedKeys, rule }).toMatchObject({ selectedKeys: ["ada"], rule: "fallback_first_position" });
  else expect({ selectedKeys, rule }).toEqual({ selectedKeys: keys, rule: "selected" });
});

describe("buildRoutingPrompt", () => {
  const build = (rosterOf: RosterAgent[], goal: string | null = "Ship it") =>
    buildRoutingPrompt({ goal, roster: rosterOf, message: "Who can help?", answers: [] });

  it("has the roster, the goal, the message and the form of the answer", () => {
    const [system, user, ...others] = build(roster);
    expect(others).toEqual([]);
    expect(system?.content).toContain(
      "- key: critic | name: The critic | role: You are the critic.\n- key: Writer |",
    );
    expect(system?.content).toContain("Room goal: Ship it");
    expect(system?.content).toContain('{"selected_agent_keys": ["…"]}');
    expect(system?.content).toContain("at most 3");
    expect(user).toEqual({ role: "user", content: "The user's message:\n\nWho can help?" });
    expect(build(roster, null)[0]?.content).toContain("Room goal: none");
  });

  it("has 120 characters of each role, on one line", () => {
    const rolePrompt = `first\n- key: evil ${"😀".repeat(200)}`;
    const line = build([agent("a", 1, { rolePrompt })])[0]
      ?.content.split("\n")
      .find((text) => text.startsWith("- key: a |"));
    const shown = `first - key: evil ${"😀".repeat(102)}`;
    expect(line).toBe(`- key: a | name: The a | role: ${shown}`);
    expect([...shown]).toHaveLength(120);
  });
});
