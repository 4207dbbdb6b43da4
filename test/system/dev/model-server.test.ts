import OpenAI, { APIConnectionError, APIError } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDemoModelServer } from "../../../dev/model-server/demo-model.ts";
import type { ModelServer } from "../../../dev/model-server/server.ts";
import type { JournalEntry } from "../../support/node/model-journal.ts";
import type { ModelScript } from "../../support/node/model-script.ts";
import { startScriptedModelServer } from "../../support/node/scripted-model-server.ts";

let scripted: ModelServer;
let demo: ModelServer;
let scenarios = 0;

beforeAll(async () => {
  scripted = await startScriptedModelServer();
  demo = await startDemoModelServer({ deltaDelayMs: 0 });
});

afterAll(() => Promise.all([scripted.stop(), demo.stop()]));

type Extra = { tools?: OpenAI.ChatCompletionFunctionTool[]; signal?: AbortSignal };

function clientOf(baseURL: string) {
  const openai = new OpenAI({ baseURL, apiKey: "test-key", maxRetries: 0, logLevel: "off" });
  const ask = (content: string, { tools }: Extra = {}) =>
    openai.chat.completions.create({
      model: "m1",
      messages: [{ role: "user", content }],
      ...(tools ? { tools } : {}),
    });
  const stream = async (content: string, { signal }: Extra = {}) => {
    const messages = [{ role: "user" as const, content }];
    const options = { stream: true as const, stream_options: { include_usage: true } };
    const chunks = [];
    const init = signal ? { signal } : {};
    for await (const chunk of await openai.chat.completions.create(
      { model: "m1", messages, ...options },
      init,
    )) {
      chunks.push(chunk);
    }
    return chunks;
  };
  return { ask, stream };
}

/** A scenario of its own, its client and its controls. */
async function scenario(script: ModelScript = {}) {
  const base = `${scripted.url}/s/test-${++scenarios}`;
  await fetch(`${base}/script`, { method: "PUT", body: JSON.stringify(script) });
  return {
    ...clientOf(`${base}/v1`),
    journal: async () => (await (await fetch(`${base}/journal`)).json()) as JournalEntry[],
    wait: async (query: string) => (await fetch(`${base}/wait?${query}`)).status,
    release: (gate: string) => fetch(`${base}/release/${gate}`, { method: "POST" }),
  };
}

const textOf = (chunks: OpenAI.ChatCompletionChunk[]) =>
  chunks.map((c) => c.choices[0]?.delta.content ?? "").join("");
const failureOf = (work: Promise<unknown>) => work.then(() => undefined, Object);

test("the scripted models answer and count every call without a script", async () => {
  const { ask, stream, journal } = await scenario();
  const whole = await ask("hello");
  expect(whole.choices[0]).toMatchObject({ message: { content: "ok from m1" }, finish_reason: "stop" });
  expect(whole.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 });
  const chunks = await stream("hello");
  expect(textOf(chunks)).toBe("ok from m1");
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 2, completion_tokens: 3 } });

  const entries = await journal();
  expect(
    entries.map(({ n, call_id, stream, finished, status }) => ({ n, call_id, stream, finished, status })),
  ).toEqual([
    { n: 1, call_id: whole.id, stream: false, finished: true, status: 200 },
    { n: 2, call_id: chunks[0]?.id, stream: true, finished: true, status: 200 },
  ]);
  expect(entries[0]).toMatchObject({
    model: "m1",
    messages: [{ role: "user", content: "hello" }],
    authorization_present: true,
    usage: { prompt_tokens: 2, completion_tokens: 3 },
    client_closed: false,
    in_flight_at_arrival: 1,
  });
});

test("a rule applies by model, text and count", async () => {
  const { ask } = await scenario({
    rules: [
      { match: { model: "other" }, answer: { text: "wrong model" } },
      { match: { contains: "apple", call: 2 }, answer: { text: "second apple" } },
      { match: { contains: "apple" }, answer: { text: "an apple" } },
    ],
    default: { text: "no apple" },
  });
  const said = [];
  for (const word of ["apple", "pear", "apple", "apple"]) {
    said.push((await ask(`one ${word}`)).choices[0]?.message.content);
  }
  expect(said).toEqual(["an apple", "no apple", "second apple", "an apple"]);
});

test("an answer reports usage with cached tokens and cost, or no usage", async () => {
  const usage = { prompt_tokens: 10, completion_tokens: 4, cached_tokens: 6, cost: 0.25 };
  const reported = await scenario({ default: { text: "x", usage } });
  const expected = { total_tokens: 14, prompt_tokens_details: { cached_tokens: 6 }, cost: 0.25 };
  expect((await reported.ask("a")).usage).toMatchObject(expected);
  expect((await reported.stream("a")).at(-1)?.usage).toMatchObject(expected);

  const untold = await scenario({ default: { text: "x", usage: null } });
  expect((await untold.ask("a")).usage).toBeUndefined();
  expect((await untold.stream("a")).some((chunk) => chunk.usage)).toBe(false);
  expect((await untold.journal()).map((entry) => entry.usage)).toEqual([null, null]);
});

test("an answer with tool calls has them in a stream and in one piece", async () => {
  const call = { name: "search", arguments: '{"query":"x"}', id: "call_1" };
  const { ask, stream } = await scenario({ default: { tool_calls: [call] } });
  const whole = (await ask("a")).choices[0];
  expect(whole?.finish_reason).toBe("tool_calls");
  expect(whole?.message.tool_calls).toMatchObject([{ id: "call_1", function: { name: "search" } }]);
  const deltas = (await stream("a")).flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
  expect(deltas.map((delta) => delta.function?.arguments).join("")).toBe(call.arguments);
  expect(deltas[0]).toMatchObject({ id: "call_1", function: { name: "search" } });
});

test("a gate holds an answer until it is released, and a gate may be opened early", async () => {
  const { ask, stream, wait, release, journal } = await scenario({
    rules: [{ match: { contains: "early" }, answer: { text: "b", hold: "open" } }],
    default: { deltas: ["a", "b"], hold_after_first: "go" },
  });
  await release("open");
  expect((await ask("early")).choices[0]?.message.content).toBe("b");

  const pending = [stream("1"), stream("2")];
  expect(await wait("calls=3")).toBe(200);
  const [, , last] = await journal();
  expect(last).toMatchObject({ finished: false, in_flight_at_arrival: 2 });
  await release("go");
  expect((await Promise.all(pending)).map(textOf)).toEqual(["ab", "ab"]);
  expect(await wait("calls=4&timeout_ms=1")).toBe(408);
});

test("an error status is sent with its headers and body", async () => {
  const headers = { "Retry-After": "7" };
  const { ask, journal } = await scenario({ default: { status: 429, headers } });
  const error = await failureOf(ask("a"));
  expect(error).toBeInstanceOf(APIError);
  expect(error).toMatchObject({ status: 429 });
  expect((error as APIError).headers?.get("retry-after")).toBe("7");
  expect(await journal()).toMatchObject([{ status: 429, finished: true, usage: null }]);
});

test.each(["before_headers", "after_first"] as const)(
  "an answer that hangs %s ends when its client disconnects",
  async (hang) => {
    const { stream, wait, journal } = await scenario({ default: { deltas: ["a", "b"], hang } });
    const controller = new AbortController();
    const asked = failureOf(stream("a", { signal: controller.signal }));
    expect(await wait("calls=1")).toBe(200);
    controller.abort();
    await asked;
    expect(await wait("settled=1")).toBe(200);
    expect(await journal()).toMatchObject([{ finished: false, client_closed: true }]);
  },
);

test.each([0, 1, 2])(
  "a stream with cut_after_chunks %i breaks after as many data lines",
  async (cut_after_chunks) => {
    const { stream, journal } = await scenario({ default: { deltas: ["a", "b", "c"], cut_after_chunks } });
    expect(await failureOf(stream("a"))).toMatchObject({
      message: expect.stringMatching(/terminated|aborted|closed/i),
    });
    expect(await journal()).toMatchObject([{ status: 200, finished: false, client_closed: false }]);
  },
);

test("each other fault reaches the client", async () => {
  const failing = async (answer: ModelScript["default"]) =>
    failureOf((await scenario({ default: answer ?? {} })).stream("a"));
  expect(await failing({ text: "a", cut_before_headers: true })).toBeInstanceOf(APIConnectionError);
  expect(await failing({ text: "a", bad_json: true })).toBeInstanceOf(SyntaxError);
  expect(await failing({ text: "a", error_event: true })).toMatchObject({
    message: expect.stringContaining("disconnected"),
  });
  const whole = await scenario({ default: { text: "a", cut_after_chunks: 1 } });
  expect(await failureOf(whole.ask("a"))).toBeInstanceOf(Error);
  const quiet = await scenario({ default: { text: "a", finish_reason: null, done: false } });
  const reasons = (await quiet.stream("a")).map((chunk) => chunk.choices[0]?.finish_reason ?? null);
  expect(reasons).toEqual([null, null]);
});

test("the demo model names itself and its role, with the same text in a stream and in one piece", async () => {
  const { ask, stream } = clientOf(`${demo.url}/v1`);
  const whole = await ask("What is a lease?");
  const text = whole.choices[0]?.message.content ?? "";
  expect(text).toMatch(/^\[demo model\] /);
  expect(text).toContain("What is a lease?");
  const chunks = await stream("What is a lease?");
  expect(textOf(chunks)).toBe(text);
  expect(chunks.length).toBeGreaterThan(10);
  expect(chunks.at(-1)?.usage?.completion_tokens).toBe(whole.usage?.completion_tokens);
});

test("the demo model finds the user's last words among those of agents that arrive in the same message", async () => {
  const { ask } = clientOf(`${demo.url}/v1`);
  const joined = ["An older question.", "[Ada]: Two\nlines.", "What is a lease?", "[Linus]: A term."];
  const answer = await ask(joined.join("\n\n"));
  const text = answer.choices[0]?.message.content;
  expect(text).toContain('You asked: "What is a lease?"\nI have read Linus, and add my part.');
});

test("the demo model searches once, then answers with the result", async () => {
  const openai = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: "none", maxRetries: 0 });
  const parameters = { type: "object", properties: { query: { type: "string" } }, required: ["query"] };
  const tools = [{ type: "function" as const, function: { name: "search", parameters } }];
  const user = { role: "user" as const, content: "@ada find the latest on leases" };
  const first = await openai.chat.completions.create({ model: "m", messages: [user], tools });
  const message = first.choices[0]?.message;
  const toolCall = message?.tool_calls?.[0];
  expect(toolCall).toMatchObject({
    function: { name: "search", arguments: '{"query":"find the latest on leases"}' },
  });
  const result = { role: "tool" as const, tool_call_id: toolCall?.id ?? "", content: "leases last 30 s" };
  const messages = message ? [user, message, result] : [];
  const second = await openai.chat.completions.create({ model: "m", messages, tools });
  expect(second.choices[0]?.message.content).toContain("What I found: leases last 30 s");
});

test.each([
  ["selected_agent_keys", "- key: ada | name: Ada\n- key: bob | name: Bob", { selected_agent_keys: ["bob"] }],
  ["summary_text", "", { summary_text: expect.stringContaining("[demo model]") }],
  ["key_facts", "", { key_facts: [expect.any(String)], decisions: [], open_questions: [], action_items: [] }],
])("the demo model answers strict JSON with %s", async (literal, roster, expected) => {
  const openai = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: "none", maxRetries: 0 });
  const messages = [
    { role: "system" as const, content: `Answer strict JSON {"${literal}": …}.\n${roster}` },
    { role: "user" as const, content: "What does Bob think?" },
  ];
  const { choices } = await openai.chat.completions.create({ model: "m", messages });
  expect(JSON.parse(choices[0]?.message.content ?? "")).toEqual(expected);
});
