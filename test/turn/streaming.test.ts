import { expect, test } from "vitest";
import { eventsOf, joinDeltas, readEvents } from "../support/event-reader.ts";
import { createStreamFixture, type StoredTurn } from "../support/streams.ts";
import { says } from "../support/turn-fixture.ts";

test("a turn of one agent is streamed from its start to the stored turn, in order", async () => {
  const room = await createStreamFixture(
    { agents: ["ada"] },
    says("ada", {
      deltas: ["Hello", ", ", "you."],
      usage: { prompt_tokens: 30, completion_tokens: 4, cached_tokens: 10 },
    }),
  );
  const response = await room.stream("@ada hello", { "X-Request-Id": "streaming-1" });
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "x-request-id": "streaming-1",
  });
  const events = await readEvents(response).all();
  const [turn] = await room.turns();
  const reply = turn?.replies[0];
  const [started] = eventsOf(events, "SUBAGENT_STARTED");
  const part = { subagentRunId: started?.subagentRunId };
  const text = { ...part, messageId: reply?.message_id };
  const run = { threadId: room.sessionId, runId: turn?.id };
  expect(events).toEqual([
    { type: "RUN_STARTED", ...run, protocolVersion: "1.0" },
    {
      type: "SUBAGENT_STARTED",
      ...part,
      name: "Ada",
      metadata: { agent_key: "ada", step: "ada#1", role: "agent", round: 1 },
    },
    { type: "TEXT_MESSAGE_START", ...text, role: "assistant", name: "Ada" },
    { type: "TEXT_MESSAGE_CONTENT", ...text, delta: "Hello" },
    { type: "TEXT_MESSAGE_CONTENT", ...text, delta: ", " },
    { type: "TEXT_MESSAGE_CONTENT", ...text, delta: "you." },
    { type: "TEXT_MESSAGE_END", ...text },
    { type: "SUBAGENT_FINISHED", ...part, metadata: { finish_reason: "stop" } },
    {
      type: "RUN_FINISHED",
      ...run,
      result: { ...turn, timing: expect.objectContaining({ database_round_trips: 2 }) },
      usage: [
        {
          provider: "openrouter",
          model: "deepseek/deepseek-v3.1-terminus",
          inputTokens: 30,
          cachedInputTokens: 10,
          outputTokens: 4,
          totalTokens: 34,
        },
      ],
    },
  ]);
});

test("a delta is sent before the model sends more", async () => {
  const room = await createStreamFixture(
    { agents: ["ada"] },
    says("ada", { deltas: ["first", " second"], hold_after_first: "more" }),
  );
  const reader = readEvents(await room.stream("@ada go"));
  expect(await reader.until("TEXT_MESSAGE_CONTENT")).toMatchObject({ delta: "first" });
  expect(await room.turns()).toEqual([]);
  await room.models.release("more");
  const events = await reader.all();
  expect(eventsOf(events, "TEXT_MESSAGE_CONTENT").map(({ delta }) => delta)).toEqual(["first", " second"]);
});

test("parallel agents are mixed in the stream and distinct by their ids", async () => {
  const room = await createStreamFixture(
    { agents: ["ada", "bob"] },
    says("ada", { deltas: ["a1", "a2"], hold_after_first: "ada" }),
    says("bob", { deltas: ["b1", "b2"], hold_after_first: "bob" }),
  );
  const reader = readEvents(await room.stream("@ada @bob go"));
  await reader.until("TEXT_MESSAGE_CONTENT");
  await reader.until("TEXT_MESSAGE_CONTENT");
  await room.models.release("bob");
  await reader.until("SUBAGENT_FINISHED");
  await room.models.release("ada");
  const events = await reader.all();

  const [turn] = await room.turns();
  const parts = eventsOf(events, "SUBAGENT_STARTED");
  expect(new Set(parts.map(({ subagentRunId }) => subagentRunId)).size).toBe(2);
  const keyOf = new Map(parts.map(({ subagentRunId, metadata }) => [subagentRunId, metadata?.agent_key]));
  const deltas = eventsOf(events, "TEXT_MESSAGE_CONTENT").map(
    ({ subagentRunId = "", delta }) => `${keyOf.get(subagentRunId)}:${delta}`,
  );
  expect(deltas.slice(0, 2).sort()).toEqual(["ada:a1", "bob:b1"]);
  expect(deltas.slice(2)).toEqual(["bob:b2", "ada:a2"]);
  expect(eventsOf(events, "SUBAGENT_FINISHED").map((event) => keyOf.get(event.subagentRunId))).toEqual([
    "bob",
    "ada",
  ]);
  expect(turn?.replies.map(({ agent_key, content }) => [agent_key, content])).toEqual([
    ["ada", "a1a2"],
    ["bob", "b1b2"],
  ]);
  for (const { message_id, content } of turn?.replies ?? []) {
    expect(joinDeltas(events, message_id)).toBe(content);
  }
});

const failures = [
  { name: "refused by its provider", answer: { status: 400 }, code: "model_error", text: "" },
  {
    name: "cut off after its first text",
    answer: { deltas: ["half ", "an answer"], cut_after_chunks: 1 },
    code: "model_stream_cut",
    text: "half ",
  },
  {
    name: "ended without a finish reason",
    answer: { deltas: ["all ", "but the end"], finish_reason: null, done: false as const },
    code: "model_stream_cut",
    text: "all but the end",
  },
];

test.for(failures)("an agent $name fails alone", async ({ answer, code, text }) => {
  const room = await createStreamFixture(
    { agents: ["ada", "bob"] },
    says("ada", answer),
    says("bob", "Bob is well."),
  );
  const events = await readEvents(await room.stream("@ada @bob go")).all();
  const [turn] = await room.turns();
  expect(turn?.status).toBe("partial");
  const [failed, answered] = turn?.replies ?? [];
  expect(failed).toMatchObject({ agent_key: "ada", status: "failed", error: { code } });

  const [part] = eventsOf(events, "SUBAGENT_STARTED").filter(({ name }) => name === "Ada");
  const ofAda = events.filter(
    (event) => "subagentRunId" in event && event.subagentRunId === part?.subagentRunId,
  );
  const texts = text === "" ? [] : ["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"];
  expect([...new Set(ofAda.map(({ type }) => type))]).toEqual([
    "SUBAGENT_STARTED",
    ...texts,
    "SUBAGENT_ERROR",
  ]);
  expect(ofAda.at(-1)).toMatchObject({ code, message: failed?.error?.message });
  expect(joinDeltas(events, failed?.message_id ?? "")).toBe(text);
  expect(joinDeltas(events, answered?.message_id ?? "")).toBe("Bob is well.");
  expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", result: { id: turn?.id, status: "partial" } });
});

test("a turn in which no agent answered is a stored turn, and no RUN_ERROR", async () => {
  const room = await createStreamFixture({ agents: ["ada"] }, says("ada", { status: 400 }));
  const events = await readEvents(await room.stream("@ada go")).all();
  expect(events.map(({ type }) => type)).toEqual([
    "RUN_STARTED",
    "SUBAGENT_STARTED",
    "SUBAGENT_ERROR",
    "RUN_FINISHED",
  ]);
  expect(events.at(-1)).toMatchObject({ result: { status: "failed" }, usage: [] });
});

const texts: { name: string; deltas: string[]; stored?: string }[] = [
  {
    name: "surrogate pairs split in two",
    deltas: ["a\ud83d", "\ude00b", "\ud83d", "\udc69", "\u200d\ud83d", "\udcbb"],
  },
  { name: "NUL, which cannot be stored", deltas: ["a\u0000b", "\u0000", "\u0000c"], stored: "abc" },
  {
    name: "every kind of line break",
    deltas: ["\r", "\n", "a\r\n\r\nb\n", "\n\u2028\u2029\u0085", "data: x\n\n"],
  },
  {
    name: "the controls and the escapes of JSON",
    deltas: ["\u0001\u001f\u007f", '"', "\\", "\\u0041", "</script>"],
  },
  {
    name: "a BOM and combining marks",
    deltas: ["\ufeffe", "\u0301", "\u0000\ufeff"],
    stored: "\ufeffe\u0301\ufeff",
  },
  { name: "white space at both ends", deltas: ["  \n", " x ", "\t"] },
  { name: "a very long delta", deltas: ["ä".repeat(100_000), "🜚".repeat(40_000)] },
  { name: "very many deltas", deltas: Array.from({ length: 2_000 }, (_, index) => `${index}é `) },
];

test.for(texts)("a reply made from its deltas equals the stored one: $name", async ({ deltas, stored }) => {
  const room = await createStreamFixture(
    { agents: ["ada"], settings: { MAX_OUTPUT_TOKENS: "60000" } },
    says("ada", { deltas }),
  );
  const events = await readEvents(await room.stream("@ada go")).all();
  const [reply] = (await room.turns())[0]?.replies ?? [];
  const rebuilt = joinDeltas(events, reply?.message_id ?? "");
  expect(reply?.status).toBe("completed");
  // Not toBe: it would print the longest of them.
  expect(rebuilt === reply?.content).toBe(true);
  expect(rebuilt === (stored ?? deltas.join(""))).toBe(true);
});

test.for([undefined, "application/json", "text/event-stream"])(
  "the operation decides whether a turn is streamed, not Accept: %s",
  async (accept) => {
    const room = await createStreamFixture({ agents: ["ada"] });
    const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept };

    const whole = await room.send("/turns", { message: "@ada go" }, headers);
    expect(whole.status).toBe(201);
    expect(whole.headers.get("Content-Type")).toBe("application/json");
    expect(whole.headers.get("Server-Timing")).toContain("commit;dur=");
    expect(await whole.json<StoredTurn>()).toMatchObject({ status: "completed" });

    const streamed = await room.stream("@ada go", headers);
    expect(streamed.status).toBe(200);
    expect((await readEvents(streamed).all()).at(-1)).toMatchObject({ type: "RUN_FINISHED" });
  },
);
