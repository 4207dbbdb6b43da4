import { type UIMessage, useChat } from "@ai-sdk/react";
import { DefaultChatTransport } from "ai";
import { createElement } from "react";
import { create } from "react-test-renderer";
import { afterEach, describe, expect, test } from "vitest";
import type { ModelRule } from "../../support/models.ts";
import { createStreamFixture, type StreamFixture } from "../../support/streams.ts";
import { says } from "../../support/turn-fixture.ts";

type Chat = ReturnType<typeof useChat>;
type Part = UIMessage["parts"][number];

const mounted: { unmount(): void }[] = [];

afterEach(() => {
  for (const { unmount } of mounted.splice(0)) unmount();
});

/** A page with the stock hook and transport, on the application of this isolate. */
async function openChat(
  room: StreamFixture,
  { id = "my chat/1", resume = false, messages = [] as UIMessage[], query = "" } = {},
) {
  const sent: Response[] = [];
  const transport = new DefaultChatTransport({
    api: `https://pantheon.example/api/v1/sessions/${room.sessionId}/ui-messages${query}`,
    headers: { Authorization: `Bearer ${room.token}` },
    fetch: async (input, init) => {
      const answer = await room.api.request(String(input), init);
      sent.push(answer);
      return answer;
    },
  });
  let chat: Chat | undefined;
  function Page() {
    chat = useChat({ id, transport, resume, messages });
    return null;
  }
  mounted.push(create(createElement(Page)));
  await expect.poll(() => chat !== undefined).toBe(true);
  const now = (): Chat => {
    if (chat === undefined) throw new Error("the page is not shown");
    return chat;
  };
  /** Resolves when the page shows the end of an answer. */
  const answered = () =>
    expect
      .poll(() => [now().status, now().messages.at(-1)?.metadata])
      .toEqual(["ready", expect.objectContaining({ status: expect.any(String) })]);
  return {
    now,
    sent,
    answered,
    send: async (text: string) => {
      await now().sendMessage({ text });
      await answered();
    },
  };
}

const isText = (part: Part): part is Extract<Part, { type: "text" }> => part.type === "text";
const textsOf = ({ parts }: UIMessage) => parts.filter(isText).map(({ text }) => text);
const authorsOf = ({ parts }: UIMessage) =>
  parts.flatMap((part) => (part.type === "data-agent" && "data" in part ? [part.data] : []));
const lastOf = ({ messages }: Chat): UIMessage => {
  const message = messages.at(-1);
  if (message === undefined) throw new Error("the chat is empty");
  return message;
};

const failure = "**Bob** could not answer: The model's provider answered with status 400. (`model_error`)";
const three: ModelRule[] = [
  says("ada", { deltas: ["I am ", "Ada"] }),
  says("bob", { status: 400 }),
  says("cy", { deltas: ["I ", "am ", "Cy"] }),
];

const createChatRoom = (mode: "roundtable" | "tag", ...rules: ModelRule[]) =>
  createStreamFixture({ agents: ["ada", "bob", "cy"], mode }, ...rules);

describe.each(["roundtable", "tag"] as const)("in mode %s", (mode) => {
  test("useChat shows one message a turn, with each author before the text, and who failed", async () => {
    const room = await createChatRoom(mode, ...three);
    const chat = await openChat(room);
    for (const [index, text] of ["@ada @bob @cy who are you?", "@ada @bob @cy again"].entries()) {
      await chat.now().sendMessage({ text });
      await expect.poll(() => chat.now().messages.length).toBe(2 * index + 2);
      await chat.answered();
      const { status, error, messages } = chat.now();
      expect([status, error, messages.length]).toEqual(["ready", undefined, 2 * index + 2]);
      const answer = lastOf(chat.now());
      expect(textsOf(answer).toSorted()).toEqual(["I am Ada", "I am Cy", failure].toSorted());
      expect(authorsOf(answer)).toHaveLength(3);
      expect(authorsOf(answer)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            name: "Ada",
            agent_key: "ada",
            step: "ada#1",
            role: "agent",
            error: null,
          }),
          expect.objectContaining({ name: "Bob", error: expect.objectContaining({ code: "model_error" }) }),
        ]),
      );
      // An author stands before each text.
      const kinds = answer.parts.map(({ type }) => type);
      expect(kinds).toEqual(Array(3).fill(["data-agent", "text"]).flat());
      const [turn] = (await room.turns()).toReversed();
      expect(answer.id).toBe(turn?.id);
      expect(answer.metadata).toMatchObject({
        session_id: room.sessionId,
        turn_id: turn?.id,
        status: "partial",
        credits: expect.stringMatching(/^\d+\.\d+$/),
        usage: [expect.objectContaining({ totalTokens: expect.any(Number) })],
      });
    }
    expect(chat.sent[0]?.headers.get("x-vercel-ai-ui-message-stream")).toBe("v1");
  });
});

test("texts of agents that answer at once stay apart", async () => {
  const room = await createChatRoom(
    "tag",
    says("ada", { deltas: ["a1 ", "a2"], hold_after_first: "ada" }),
    says("bob", { deltas: ["b1 ", "b2"] }),
  );
  const chat = await openChat(room);
  const sending = chat.send("@ada @bob go");
  await room.models.wait({ calls: 2, settled: 1 });
  await room.models.release("ada");
  await sending;
  const answer = lastOf(chat.now());
  expect(textsOf(answer).toSorted()).toEqual(["a1 a2", "b1 b2"]);
});

test("a tool's call and its result are parts, and no client runs the tool", async () => {
  const room = await createChatRoom(
    "tag",
    says("ada", { deltas: ["Let me see."], tool_calls: [{ name: "search", arguments: '{"query":"x"}' }] }, 1),
    says("ada", "Found."),
  );
  const chat = await openChat(room);
  await chat.send("@ada look it up");
  const answer = lastOf(chat.now());
  expect(textsOf(answer)).toEqual(["Let me see.", "Found."]);
  expect(answer.parts.find(({ type }) => type === "dynamic-tool")).toMatchObject({
    toolName: "search",
    state: "output-available",
    providerExecuted: true,
    input: { query: "x" },
    output: { error: { code: "tool_not_permitted" } },
  });
});

test("regenerate gives the stored answer again, and calls no model", async () => {
  const room = await createChatRoom("tag", ...three);
  const chat = await openChat(room);
  await chat.send("@ada @bob who are you?");
  const before = lastOf(chat.now());
  const paid = await room.calls();
  await chat.now().regenerate();
  await chat.answered();
  const again = lastOf(chat.now());
  expect(chat.now().messages).toHaveLength(2);
  expect([again.id, textsOf(again), authorsOf(again)]).toEqual([
    before.id,
    textsOf(before),
    authorsOf(before),
  ]);
  expect(again.metadata).toMatchObject({ status: "partial" });
  expect(await room.calls()).toBe(paid);
  expect(await room.turns()).toHaveLength(1);

  const [asked] = chat.now().messages;
  await chat.now().sendMessage({ text: "@ada only you", messageId: asked?.id ?? "" });
  expect(await room.turns()).toHaveLength(2);
});

test("with labels=on the author's name is in each text too, also where a stored answer comes again", async () => {
  const room = await createChatRoom("tag", ...three);
  const chat = await openChat(room, { query: "?labels=on" });
  const labelled = ["**Ada:**\n\nI am Ada", "**Cy:**\n\nI am Cy", failure].toSorted();
  await chat.send("@ada @bob @cy who are you?");
  expect(textsOf(lastOf(chat.now())).toSorted()).toEqual(labelled);
  await chat.now().regenerate();
  await chat.answered();
  expect(textsOf(lastOf(chat.now())).toSorted()).toEqual(labelled);
});

test("a page that is opened again resumes the running turn, or shows that none runs", async () => {
  const room = await createChatRoom("tag", says("ada", { deltas: ["a1 ", "a2"], hold_after_first: "ada" }));
  const first = await openChat(room);
  const sending = first.now().sendMessage({ text: "@ada go" });
  await expect.poll(() => first.now().messages.length).toBe(2);
  const asked = first.now().messages.slice(0, 1);
  await first.now().stop();
  await sending;
  await expect.poll(() => first.now().status).toBe("ready");

  // The transport keeps the query of the address where it resumes.
  const again = await openChat(room, { resume: true, messages: asked, query: "?labels=on" });
  await expect.poll(() => lastOf(again.now()).role).toBe("assistant");
  await room.models.release("ada");
  await again.answered();
  const [turn] = await room.turns();
  expect(turn).toMatchObject({ status: "completed" });
  expect(lastOf(again.now())).toMatchObject({ id: turn?.id, metadata: { status: "completed" } });
  expect(textsOf(lastOf(again.now()))).toEqual(["**Ada:**\n\na1 a2"]);
  expect(await room.calls()).toBe(1);

  await room.settled();
  const later = await openChat(room, { resume: true, messages: again.now().messages });
  await expect.poll(() => later.sent.map(({ status }) => status)).toEqual([204]);
  await later.answered();
  expect(later.now().messages).toHaveLength(2);
});

test("a refusal is the chat's error, with the problem as its text", async () => {
  const room = await createChatRoom("tag", ...three);
  const chat = await openChat(room);
  await chat.now().sendMessage({ text: "nobody is tagged" });
  await expect.poll(() => chat.now().status).toBe("error");
  expect(JSON.parse(chat.now().error?.message ?? "")).toMatchObject({ code: "no_valid_tagged_agents" });
  expect(await room.turns()).toEqual([]);
});

test.each([
  ["no messages", []],
  ["no user message", [{ id: "m", role: "assistant", parts: [{ type: "text", text: "x" }] }]],
  ["no parts", [{ id: "m", role: "user" }]],
  ["a file", [{ id: "m", role: "user", parts: [{ type: "file", mediaType: "image/png", url: "data:," }] }]],
  ["a blank text", [{ id: "m", role: "user", parts: [{ type: "text", text: " " }] }]],
  ["too long a text", [{ id: "m", role: "user", parts: [{ type: "text", text: "x".repeat(32_001) }] }]],
  ["too many parts", [{ id: "m", role: "user", parts: Array(101).fill({ type: "text", text: "x" }) }]],
])("a request with %s is refused", async (_what, messages) => {
  const room = await createChatRoom("tag", ...three);
  const answer = await room.api
    .as(room.owner)
    .post(`/sessions/${room.sessionId}/ui-messages`, { id: "c", trigger: "submit-message", messages });
  expect(answer).toMatchObject({ status: 422, body: { code: "validation_failed" } });
});

test("of ten equal requests at once one runs, and all have its answer", async () => {
  const room = await createChatRoom("tag", says("ada", "Hello."));
  const messages = [{ id: "m", role: "user", parts: [{ type: "text", text: "@ada hi" }] }];
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => room.send("/ui-messages", { id: "c", messages })),
  );
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  for (const text of texts) expect(text).toContain('"delta":"Hello."');
  expect(await room.calls()).toBe(1);
});
