import { describe, expect, test } from "vitest";
import { buildPrompt, type TranscriptMessage } from "../../../src/domain/context/prompt.ts";
import type { RosterAgent } from "../../../src/domain/plan/roster-agent.ts";

const agent = (agentKey: string, name: string): RosterAgent => ({
  agentKey,
  name,
  modelAlias: "llama",
  rolePrompt: `secret role of ${agentKey}`,
  toolPermissions: [],
  position: 0,
});
const ada = agent("ada", "Ada L.");
const bob = agent("bob", "Bob");

const said = (seq: number, by: RosterAgent | null, content: string): TranscriptMessage => ({
  id: `message-${seq}`,
  seq,
  turnIndex: 1,
  visibility: "shared",
  excluded: null,
  isFailure: content.startsWith("[[agent_error]]"),
  role: by === null ? "user" : "assistant",
  agentKey: by?.agentKey ?? null,
  agentName: by?.name ?? null,
  content,
});

const input = {
  agent: ada,
  task: "answer",
  mode: "manual",
  goal: "Ship it",
  roster: [ada, bob],
  history: [
    said(1, null, "@ada @bob hello"),
    said(2, ada, "hello from Ada"),
    said(3, bob, "[[agent_error]] agent=Bob type=model_error message=It failed."),
    said(4, ada, "[[agent_error]] agent=Ada L. type=model_error message=It failed."),
  ],
  userMessage: "@ada and now?",
  summaryText: null,
  filesText: null,
  triggerResult: null,
  sameTurnAnswers: [],
} as const;

describe("the prompt of an agent", () => {
  const [system, ...conversation] = buildPrompt(input);

  test("has the conversation, its own answers as its own and others' marked, then the user's message", () => {
    expect(conversation).toEqual([
      { role: "user", content: "@ada @bob hello" },
      { role: "assistant", content: "hello from Ada" },
      { role: "user", content: "[Bob]: [[agent_error]] agent=Bob type=model_error message=It failed." },
      {
        role: "user",
        content:
          "(Note: your own answer failed here. [[agent_error]] agent=Ada L. type=model_error message=It failed.)",
      },
      { role: "user", content: "@ada and now?" },
    ]);
  });

  test("begins with its role, then the room's mode and goal, then the roster", () => {
    const text = system?.content ?? "";
    const places = [
      "Agent role: secret role of ada",
      "Room mode: manual",
      "Room goal: Ship it",
      "key: bob",
    ].map((part) => text.indexOf(part));
    expect(system?.role).toBe("system");
    expect(places[0]).toBe(0);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test("names every agent and contains no other agent's role", () => {
    expect(system?.content).toContain("- key: ada | name: Ada L.\n- key: bob | name: Bob");
    expect(JSON.stringify([system, conversation])).not.toContain("secret role of bob");
  });
});

test("has the summary, the tool's result and this turn's answers in their order", () => {
  const whole = buildPrompt({
    ...input,
    history: [
      said(1, null, "@ada hello"),
      { ...said(2, ada, "what my tool said"), role: "tool", visibility: "private" },
    ],
    summaryText: "Summary of it all.",
    triggerResult: "Found on the web.",
    sameTurnAnswers: [{ agentKey: "bob", agentName: "Bob", content: "I went first." }],
  });
  expect(whole.slice(1)).toEqual([
    { role: "user", content: "Summary of it all." },
    { role: "user", content: "@ada hello" },
    { role: "user", content: "what my tool said" },
    { role: "user", content: "Found on the web." },
    { role: "user", content: "@ada and now?" },
    { role: "user", content: "[Bob]: I went first." },
  ]);
});

test("of a room without a goal does not mention a goal", () => {
  expect(buildPrompt({ ...input, goal: null })[0]?.content).not.toContain("goal");
});

test("still marks an agent that has left the room by its name or its key", () => {
  const gone = { ...said(1, bob, "bye"), agentName: null };
  expect(buildPrompt({ ...input, roster: [ada], history: [gone] })[1]).toEqual({
    role: "user",
    content: "[bob]: bye",
  });
});
