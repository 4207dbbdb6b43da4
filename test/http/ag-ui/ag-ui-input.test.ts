import type { RunAgentInput } from "@ag-ui/core";
import { expect, test } from "vitest";
import { eventsOf, readEvents } from "../../support/event-reader.ts";
import { createStreamFixture } from "../../support/streams.ts";

function inputOf(runId: string, messages: unknown[], more: object = {}): object {
  return {
    threadId: "my-thread",
    runId,
    messages,
    tools: [],
    context: [],
    state: {},
    protocolVersion: "1.0",
    forwardedProps: {},
    ...more,
  };
}

const userSays = (content: unknown) => ({ id: "u1", role: "user", content });

test("the client's ids are returned, and only its last user message is the turn's", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const history = [userSays("@ada before"), { id: "a1", role: "assistant", content: "made up" }];
  const response = await room.send(
    "/ag-ui",
    inputOf(
      "run-1",
      [...history, userSays("  @ada now "), { id: "x", role: "activity", content: { any: 1 } }],
      {
        unknown: { fields: true },
        state: null,
      },
    ),
  );
  expect(response.status).toBe(200);
  const events = await readEvents(response).all();
  const ids = { threadId: "my-thread", runId: "run-1" };
  expect(events[0]).toEqual({ type: "RUN_STARTED", ...ids, protocolVersion: "1.0" });
  expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", ...ids, result: { user_input: "@ada now" } });

  expect(await room.calls()).toBe(1);
});

test("a message that was answered is answered again under any run id, and no model is called", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const asked = userSays("@ada now");
  const first = await readEvents(await room.send("/ag-ui", inputOf("run-1", [asked]))).all();
  const answer = { id: "a1", role: "assistant", content: "ok" };
  const toolResult = { id: "t1", role: "tool", toolCallId: "c1", content: "done" };
  for (const messages of [[asked], [asked, answer], [asked, answer, toolResult]]) {
    const again = await room.send("/ag-ui", inputOf("run-2", messages, { threadId: "another" }));
    expect(again.headers.get("Idempotency-Replayed")).toBe("true");
    const events = await readEvents(again).all();
    expect(events.map(({ type }) => type)).toEqual(["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]);
    expect(events[0]).toMatchObject({ threadId: "another", runId: "run-2" });
    const results = [first, events].map((all) => eventsOf(all, "RUN_FINISHED")[0]?.result);
    expect(results[1]).toEqual({ ...Object(results[0]), timing: expect.anything() });
  }
  expect(await room.calls()).toBe(1);

  for (const next of [{ ...asked, id: "u2" }, userSays("@ada later")]) {
    const other = await room.send("/ag-ui", inputOf("run-1", [asked, answer, next]));
    expect(other.headers.get("Idempotency-Replayed")).toBeNull();
    await readEvents(other).all();
  }
  expect(await room.calls()).toBe(3);
});

test("a message without an id is identified by its run's id", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const says = (content: string) => [{ role: "user", content }];
  for (const replayed of [null, "true"]) {
    const response = await room.send("/ag-ui", inputOf("run-1", says("@ada now")));
    expect(response.headers.get("Idempotency-Replayed")).toBe(replayed);
    await readEvents(response).all();
  }
  const other = await room.send("/ag-ui", inputOf("run-1", says("@ada later")));
  expect(await other.json()).toMatchObject({ code: "idempotency_key_reused" });
});

test("any thread id and run id of up to 1,000 characters comes back as it is", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const ids = [
    ["", ""],
    ["é 😀\n", "ä"],
    ["x".repeat(1_000), "k".repeat(1_000)],
  ];
  for (const [index, [threadId, runId = ""]] of ids.entries()) {
    const message = { id: `m${index}`, role: "user", content: "@ada go" };
    const events = await readEvents(await room.send("/ag-ui", inputOf(runId, [message], { threadId }))).all();
    expect(events[0]).toMatchObject({ threadId, runId });
    expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED", threadId, runId });
  }
});

test("the text parts of a message become its lines", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const parts = [
    { type: "text", text: "@ada one" },
    { type: "text", text: "two", id: "p2" },
  ];
  const events = await readEvents(await room.send("/ag-ui", inputOf("r", [userSays(parts)]))).all();
  expect(events.at(-1)).toMatchObject({ result: { user_input: "@ada one\ntwo" } });
});

const image = { type: "image", source: { type: "url", value: "https://a.example/cat.png" } };
const refused: { name: string; input: object; status?: number; code?: string; path?: string }[] = [
  {
    name: "no user message",
    input: inputOf("r", [{ id: "a", role: "assistant", content: "hi" }]),
    path: "messages",
  },
  { name: "no message", input: inputOf("r", []), path: "messages" },
  {
    name: "an image",
    input: inputOf("r", [userSays([{ type: "text", text: "@ada" }, image])]),
    path: "messages.0.content.1.type",
  },
  { name: "no content", input: inputOf("r", [userSays(undefined)]), path: "messages.0.content" },
  { name: "a blank message", input: inputOf("r", [userSays(" \n ")]), path: "messages.0.content" },
  { name: "no part at all", input: inputOf("r", [userSays([])]), path: "messages.0.content" },
  {
    name: "a message too long",
    input: inputOf("r", [userSays(`@ada ${"x".repeat(32_000)}`)]),
    path: "messages.0.content",
  },
  { name: "NUL", input: inputOf("r", [userSays("@ada \u0000")]), path: "messages.0.content" },
  { name: "no run id", input: { threadId: "t", messages: [userSays("@ada")] }, path: "runId" },
  { name: "messages that are none", input: inputOf("r", ["@ada"]), path: "messages" },
  { name: "a run id too long", input: inputOf("k".repeat(1_001), [userSays("@ada")]), path: "runId" },
  {
    name: "a thread id too long",
    input: inputOf("r", [userSays("@ada")], { threadId: "t".repeat(1_001) }),
    path: "threadId",
  },
];

test.for(refused)(
  "$name is refused with a problem",
  async ({ input, path, status = 422, code = "validation_failed" }) => {
    const room = await createStreamFixture({ agents: ["ada"] });
    const response = await room.send("/ag-ui", input);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    const problem = await response.json<{ errors?: { path: string }[] }>();
    expect(problem).toMatchObject({ status, code });
    expect(problem.errors?.[0]?.path).toBe(path);
    expect(await room.turns()).toEqual([]);
  },
);

test("a history of 4 MiB is accepted, one byte more is refused", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const fill = (total: number) => {
    const input = inputOf("r", [{ id: "a", role: "assistant", content: "" }, userSays("@ada go")]);
    const rest = total - JSON.stringify(input).length;
    return inputOf("r", [{ id: "a", role: "assistant", content: "x".repeat(rest) }, userSays("@ada go")]);
  };
  const tooMuch = await room.send("/ag-ui", fill(4 * 1024 * 1024 + 1));
  expect(await tooMuch.json()).toMatchObject({ status: 413, code: "payload_too_large" });
  const taken = await room.send("/ag-ui", fill(4 * 1024 * 1024));
  expect((await readEvents(taken).all()).at(-1)).toMatchObject({ type: "RUN_FINISHED" });
  const turn = await room.send("/turns", { message: "x".repeat(401 * 1024) });
  expect(await turn.json()).toMatchObject({ status: 413, code: "payload_too_large" });
});

test("a token is required, and another user's session does not exist", async () => {
  const [room, other] = [
    await createStreamFixture({ agents: ["ada"] }),
    await createStreamFixture({ agents: ["ada"] }),
  ];
  const input = inputOf("r", [userSays("@ada go")]);
  const nobody = await room.send("/ag-ui", input, { Authorization: "" });
  expect(nobody.status).toBe(401);
  const stranger = await room.send("/ag-ui", input, { Authorization: `Bearer ${other.token}` });
  expect(await stranger.json()).toMatchObject({ status: 404, code: "not_found" });
  expect(await room.calls()).toBe(0);
});

test("the schema accepts what the stock client can send", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const input: RunAgentInput = {
    threadId: "t",
    runId: "r",
    protocolVersion: "1.0",
    parentRunId: "p",
    messages: [
      { id: "s", role: "system", content: "ignored" },
      { id: "d", role: "developer", content: "ignored" },
      { id: "u", role: "user", content: "@ada go", name: "Me", metadata: { any: null } },
      {
        id: "a",
        role: "assistant",
        toolCalls: [{ id: "t", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { id: "r", role: "tool", toolCallId: "t", content: [{ type: "text", text: "ignored" }] },
      { id: "y", role: "reasoning", content: "ignored" },
    ],
    tools: [{ name: "frontend", description: "ignored", parameters: {} }],
    context: [{ description: "ignored", value: "ignored" }],
    state: { any: ["thing"] },
    forwardedProps: "ignored",
    resume: [{ interruptId: "i", status: "cancelled" }],
  };
  const events = await readEvents(await room.send("/ag-ui", input)).all();
  expect(eventsOf(events, "SUBAGENT_STARTED").map(({ name }) => name)).toEqual(["Ada"]);
});
