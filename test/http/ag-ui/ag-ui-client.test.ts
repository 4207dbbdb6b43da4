import { HttpAgent } from "@ag-ui/client";
import { expect, test, vi } from "vitest";
import { createStreamFixture, type StreamFixture } from "../../support/streams.ts";
import { says } from "../../support/turn-fixture.ts";
import { insertBudget } from "../../turn/money/support.ts";
import { answersStored, expireLease } from "../../turn/recovery/support/abandoned-run.ts";

/** The stock client, with nothing of ours but the way to the application. */
function openAgent(room: StreamFixture, threadId?: string, place = `sessions/${room.sessionId}`): HttpAgent {
  return new HttpAgent({
    url: `https://pantheon.example/api/v1/${place}/ag-ui`,
    headers: { Authorization: `Bearer ${room.token}` },
    ...(threadId === undefined ? {} : { threadId }),
    fetch: async (url, init) => untilAborted(await room.api.request(url, init), init.signal),
  });
}

/** A request inside one isolate knows no abort; as over the network, it breaks the answer off. */
function untilAborted(response: Response, signal: AbortSignal | null | undefined): Response {
  const reader = response.body?.getReader();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) =>
      signal?.addEventListener("abort", () => {
        controller.error(signal.reason);
        void reader?.cancel();
      }),
    async pull(controller) {
      const read = await reader?.read();
      if (signal?.aborted) return;
      if (read === undefined || read.done) controller.close();
      else controller.enqueue(read.value);
    },
  });
  return new Response(body, response);
}

test("a stock client has a conversation of three turns with a room", async () => {
  const warned = vi.spyOn(console, "warn");
  const room = await createStreamFixture(
    { agents: ["ada", "bob"] },
    { match: { contains: "third" }, answer: { text: "to the third" } },
    { match: { contains: "second" }, answer: { text: "to the second" } },
    { answer: { deltas: ["to ", "the ", "first"] } },
  );
  const agent = openAgent(room);
  const results: unknown[] = [];
  for (const [index, content] of ["@ada first", "@bob second", "@ada @bob third"].entries()) {
    agent.addMessage({ id: `mine-${index}`, role: "user", content });
    const events: string[] = [];
    const { result } = await agent.runAgent({}, { onEvent: ({ event }) => void events.push(event.type) });
    expect([events[0], events.at(-1)]).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
    results.push(result);
  }
  const turns = await room.turns();
  expect(results).toEqual(turns.map((turn) => ({ ...turn, timing: expect.anything() })));
  const replies = turns.flatMap((turn) => turn.replies);
  expect(agent.messages.map(({ id, role, content }) => ({ id, role, content }))).toEqual([
    { id: "mine-0", role: "user", content: "@ada first" },
    { id: replies[0]?.message_id, role: "assistant", content: "to the first" },
    { id: "mine-1", role: "user", content: "@bob second" },
    { id: replies[1]?.message_id, role: "assistant", content: "to the second" },
    { id: "mine-2", role: "user", content: "@ada @bob third" },
    ...inOrderOf(agent, replies.slice(2)).map(({ message_id, content }) => ({
      id: message_id,
      role: "assistant",
      content,
    })),
  ]);
  expect(agent.messages.flatMap((message) => ("name" in message ? [message.name] : []))).toHaveLength(4);
  expect(await room.calls()).toBe(4);
  expect(warned).not.toHaveBeenCalled();
});

/** Replies of one turn in the order in which their messages started, which is nobody's promise. */
function inOrderOf<Reply extends { message_id: string }>(agent: HttpAgent, replies: Reply[]): Reply[] {
  const place = (reply: Reply) => agent.messages.findIndex(({ id }) => id === reply.message_id);
  return replies.toSorted((left, right) => place(left) - place(right));
}

test("a stock client sees an agent fail and the others answer", async () => {
  const room = await createStreamFixture(
    { agents: ["ada", "bob"] },
    says("ada", { deltas: ["half ", "gone"], cut_after_chunks: 1 }),
    says("bob", "whole"),
  );
  const agent = openAgent(room);
  agent.addMessage({ id: "mine", role: "user", content: "@ada @bob go" });
  const failed: unknown[] = [];
  const { result, newMessages } = await agent.runAgent(
    {},
    { onSubagentErrorEvent: ({ event }) => void failed.push(event.code) },
  );
  expect(failed).toEqual(["model_stream_cut"]);
  expect(result).toMatchObject({ status: "partial" });
  const texts = newMessages.map(({ content }) => content);
  expect(texts.sort()).toEqual(["half ", "whole"]);
});

test("a stock client that repeats its run gets the stored answers, each in its place", async () => {
  const room = await createStreamFixture(
    { agents: ["ada"] },
    { match: { contains: "again" }, answer: { text: "twice" } },
    { answer: { text: "once" } },
  );
  const agent = openAgent(room, "thread of mine");
  agent.addMessage({ id: "mine-1", role: "user", content: " @ada go " });
  await agent.runAgent();
  agent.addMessage({ id: "mine-2", role: "user", content: "@ada go again" });
  const first = await agent.runAgent({ runId: "run of mine" });
  const seen = structuredClone(agent.messages);
  const started: unknown[] = [];
  const again = await agent.runAgent(
    { runId: "run of mine" },
    { onRunStartedEvent: ({ event }) => void started.push([event.threadId, event.runId]) },
  );
  expect(started).toEqual([["thread of mine", "run of mine"]]);
  expect(again.result).toEqual({ ...first.result, timing: expect.anything() });
  expect(await room.calls()).toBe(2);
  expect(seen.map(({ id }) => id)).toEqual(["mine-1", expect.any(String), "mine-2", expect.any(String)]);
  expect(agent.messages.map(({ id, role, content }) => [id, role, content])).toEqual(
    seen.map(({ id, role, content }) => [id, role, typeof content === "string" ? content.trim() : content]),
  );
});

test("a stock client that loses its connection repeats the run and gets the conversation in order", async () => {
  const room = await createStreamFixture(
    { agents: ["ada"] },
    says("ada", { deltas: ["half", " and whole"], hold_after_first: "more" }),
  );
  const agent = openAgent(room);
  agent.addMessage({ id: "mine", role: "user", content: "@ada go" });
  const lost = agent.runAgent({ runId: "lost" }, { onTextMessageContentEvent: () => agent.abortRun() });
  await lost.catch(() => undefined);
  await room.models.release("more");
  await room.settled();
  await agent.runAgent({ runId: "lost" });
  expect(agent.messages.map(({ role, content }) => [role, content])).toEqual([
    ["user", "@ada go"],
    ["assistant", "half and whole"],
  ]);
  expect(await room.calls()).toBe(1);
});

test("a stock client gets the status of a refusal before the run", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const agent = openAgent(room);
  agent.addMessage({ id: "mine", role: "user", content: "nobody is tagged" });
  const refused = await agent.runAgent({}).catch((error: unknown) => error);
  expect(refused).toMatchObject({ status: 422 });
});

test.each([
  ["a session", ({ sessionId }: StreamFixture) => `sessions/${sessionId}`],
  ["a room", ({ roomId }: StreamFixture) => `rooms/${roomId}`],
])(
  "a stock client of %s gets 402 and its problem where nothing is left, before any event",
  async (_what, placeOf) => {
    const room = await createStreamFixture({ agents: ["ada"] });
    await insertBudget(room.sql, { userId: room.owner.userId }, { limit: "0" });
    const agent = openAgent(room, undefined, placeOf(room));
    agent.addMessage({ id: "mine", role: "user", content: "@ada go" });
    const events: string[] = [];
    const run = agent.runAgent({}, { onEvent: ({ event }) => void events.push(event.type) });
    const refused = await run.then(
      () => null,
      (error: { status: number; payload: string }) => error,
    );
    expect(refused?.status).toBe(402);
    expect(JSON.parse(refused?.payload ?? "")).toMatchObject({ code: "budget_exhausted", scope: "user" });
    expect(events).toEqual([]);
    expect(await room.calls()).toBe(0);
    expect(agent.messages).toHaveLength(1);
  },
);

test("a stock client whose run lost its holder repeats it and gets each answer once, in its place", async () => {
  const room = await createStreamFixture(
    { agents: ["ada", "bob"], mode: "roundtable" },
    says("ada", "one"),
    says("bob", { deltas: ["half", " gone"], hold_after_first: "never" }, 1),
    says("bob", "two"),
  );
  const agent = openAgent(room);
  agent.addMessage({ id: "mine", role: "user", content: "go" });
  const lost = agent.runAgent(
    { runId: "lost" },
    {
      onTextMessageContentEvent({ event }) {
        if (event.delta === "half") agent.abortRun();
      },
    },
  );
  await lost.catch(() => undefined);
  expect(agent.messages.map(({ content }) => content)).toEqual(["go", "one", "half"]);
  await answersStored(room, { steps: 1 });
  await expireLease(room);

  await agent.runAgent({ runId: "lost" });

  const [turn] = await room.turns();
  expect(agent.messages.map(({ id, content }) => [id, content])).toEqual([
    ["mine", "go"],
    [turn?.replies[0]?.message_id, "one"],
    [turn?.replies[1]?.message_id, "two"],
  ]);
  expect(await room.calls()).toBe(3);
  await room.models.release("never");
});
