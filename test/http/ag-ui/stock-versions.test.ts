import { HttpAgent as Client1 } from "@ag-ui/client";
import { HttpAgent as Client48 } from "@ag-ui/client-0.0.48";
import { HttpAgent as Client58 } from "@ag-ui/client-0.0.58";
import { HttpAgent as Client59 } from "@ag-ui/client-0.0.59";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RoomMode } from "../../../src/domain/plan/modes.ts";
import type { ModelRule } from "../../support/models.ts";
import { createStreamFixture, type StreamFixture } from "../../support/streams.ts";
import { says } from "../../support/turn-fixture.ts";

/** What this test uses of every version's HttpAgent; their types differ. */
type StockAgent = {
  messages: { id: string; role: string; content?: unknown; name?: string }[];
  addMessage(message: { id: string; role: "user"; content: string }): void;
  runAgent(
    parameters: object,
    subscriber: { onEvent: (params: { event: { type: string } }) => void },
  ): Promise<{ result: unknown }>;
};

const versions = { "0.0.48": Client48, "0.0.58": Client58, "0.0.59": Client59, "1.0": Client1 };
const older = ["0.0.48", "0.0.58", "0.0.59"] as const;

const rooms = new Map<string, StreamFixture>();
const fetchBefore = globalThis.fetch;

// The oldest client takes no other fetch than the global one, so all are given the way to the application there.
beforeAll(() => {
  vi.stubGlobal("fetch", async (input: string | URL | Request, init?: RequestInit) => {
    const [, sessionId = ""] =
      /^https:\/\/pantheon\.example\/.*\/sessions\/([^/]+)/.exec(String(input)) ?? [];
    const room = rooms.get(sessionId);
    return room === undefined ? fetchBefore(input, init) : room.api.request(String(input), init);
  });
});

afterAll(() => {
  vi.unstubAllGlobals();
});

function openAgent(version: keyof typeof versions, room: StreamFixture, query = ""): StockAgent {
  rooms.set(room.sessionId, room);
  const StockClient = versions[version] as unknown as new (config: object) => StockAgent;
  return new StockClient({
    url: `https://pantheon.example/api/v1/sessions/${room.sessionId}/ag-ui${query}`,
    headers: { Authorization: `Bearer ${room.token}` },
  });
}

async function converse(agent: StockAgent, id: string, content: string) {
  agent.addMessage({ id, role: "user", content });
  const events: { type: string }[] = [];
  const { result } = await agent.runAgent({}, { onEvent: ({ event }) => void events.push(event) });
  return { result, types: events.map(({ type }) => type) };
}

const shown = ({ messages }: StockAgent) =>
  messages.flatMap(({ role, content }) => (role === "assistant" ? [content] : []));

const manager: ModelRule = {
  match: { contains: "You are the manager" },
  answer: { text: '{"selected_agent_keys":["ada","bob","cy"]}' },
};
/** Bob fails; Ada and Cy answer in several parts. */
const answers: ModelRule[] = [
  manager,
  says("ada", { deltas: ["# I am ", "Ada"] }),
  says("bob", { status: 400 }),
  says("cy", { deltas: ["I ", "am ", "Cy"] }),
];
const failure = "**Bob** could not answer: The model's provider answered with status 400. (`model_error`)";

const modes: RoomMode[] = ["manual", "tag", "roundtable", "orchestrator"];
const cases = older.flatMap((version) => modes.map((mode) => ({ version, mode })));

describe("a stock client below 1.0 holds a conversation with three agents, one failing", () => {
  test.each(cases)("$version, mode $mode", async ({ version, mode }) => {
    const room = await createStreamFixture({ agents: ["ada", "bob", "cy"], mode }, ...answers);
    const agent = openAgent(version, room);
    const ask = ["@ada @bob @cy who are you?", "@ada @bob @cy and again?"];
    for (const [index, content] of ask.entries()) {
      const { result, types } = await converse(agent, `mine-${index}`, content);
      expect(result).toMatchObject({ status: "partial", user_input: content });
      expect([types[0], types.at(-1)]).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
      expect(types.filter((type) => type.startsWith("SUBAGENT"))).toEqual([]);
      // One text message after another.
      const texts = types.filter((type) => /^TEXT_MESSAGE_(START|END)$/.test(type));
      expect(texts).toEqual(Array(3).fill(["TEXT_MESSAGE_START", "TEXT_MESSAGE_END"]).flat());
    }
    const answered = shown(agent);
    expect(answered).toHaveLength(6);
    const ofTurn = ["**Ada:**\n\n# I am Ada", failure, "**Cy:**\n\nI am Cy"];
    expect(answered.slice(0, 3).toSorted()).toEqual(ofTurn.toSorted());
    if (mode === "roundtable" || mode === "orchestrator") expect(answered).toEqual([...ofTurn, ...ofTurn]);
    expect(await room.turns()).toHaveLength(2);

    const paid = await room.calls();
    const before = shown(agent);
    const again = await agent.runAgent({}, { onEvent: () => undefined });
    expect(again.result).toMatchObject({ turn_index: 2 });
    expect(await room.calls()).toBe(paid);
    expect(shown(agent).toSorted()).toEqual(before.toSorted());
  });
});

describe("a stock client of 1.0 holds the same conversation", () => {
  test.each(modes)("mode %s", async (mode) => {
    const room = await createStreamFixture({ agents: ["ada", "bob", "cy"], mode }, ...answers);
    const agent = openAgent("1.0", room);
    const { result, types } = await converse(agent, "mine", "@ada @bob @cy who are you?");
    expect(result).toMatchObject({ status: "partial" });
    expect(types.filter((type) => type === "SUBAGENT_STARTED")).toHaveLength(3);
    expect(types.filter((type) => type === "SUBAGENT_ERROR")).toHaveLength(1);
    expect(shown(agent).toSorted()).toEqual(["# I am Ada", "I am Cy"]);
  });

  test.each(modes)("with labels=on it has the names and the failure too, mode %s", async (mode) => {
    const room = await createStreamFixture({ agents: ["ada", "bob", "cy"], mode }, ...answers);
    const agent = openAgent("1.0", room, "?labels=on");
    const { types } = await converse(agent, "mine", "@ada @bob @cy who are you?");
    expect(types.filter((type) => type === "SUBAGENT_STARTED")).toHaveLength(3);
    expect(shown(agent).toSorted()).toEqual(
      ["**Ada:**\n\n# I am Ada", failure, "**Cy:**\n\nI am Cy"].toSorted(),
    );
  });
});

test.each(older)(
  "%s: agents that answer at once are shown one after another, as they end",
  async (version) => {
    const room = await createStreamFixture(
      { agents: ["ada", "bob"], mode: "tag" },
      says("ada", { deltas: ["a1 ", "a2"], hold: "ada" }),
      says("bob", { deltas: ["b1 ", "b2"] }),
    );
    const agent = openAgent(version, room);
    const running = converse(agent, "mine", "@ada @bob go");
    await room.models.wait({ calls: 2, settled: 1 });
    await room.models.release("ada");
    await running;
    expect(shown(agent)).toEqual(["**Ada:**\n\na1 a2", "**Bob:**\n\nb1 b2"]);
  },
);

test.each(older)(
  "%s: a tool's call and its result, which is JSON, come between one agent's texts",
  async (version) => {
    const room = await createStreamFixture(
      { agents: ["ada"], mode: "tag" },
      says(
        "ada",
        { deltas: ["Let me see."], tool_calls: [{ name: "search", arguments: '{"query":"x"}' }] },
        1,
      ),
      says("ada", "Found."),
    );
    const agent = openAgent(version, room);
    const { types } = await converse(agent, "mine", "@ada look it up");
    expect(types.filter((type) => /START|RESULT|RUN/.test(type))).toEqual([
      ...["RUN_STARTED", "TEXT_MESSAGE_START", "TOOL_CALL_START", "TOOL_CALL_RESULT"],
      ...["TEXT_MESSAGE_START", "RUN_FINISHED"],
    ]);
    const result = agent.messages.find(({ role }) => role === "tool");
    expect(JSON.parse(String(result?.content))).toMatchObject({ error: { code: "tool_not_permitted" } });
  },
);
