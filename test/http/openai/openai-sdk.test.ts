import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { failing, watchDatabase } from "../../support/database-requests.ts";
import type { ModelRule } from "../../support/models.ts";
import { createStreamFixture, type StreamFixture } from "../../support/streams.ts";
import { says } from "../../support/turn-fixture.ts";

type Message = OpenAI.ChatCompletionMessageParam;

/** The stock client on the application of this isolate. */
function openClient(room: StreamFixture, options: { fetch?: typeof fetch; apiKey?: string } = {}) {
  const send: typeof fetch = async (input, init) =>
    room.api.request(input instanceof Request ? input.url : String(input), init);
  return new OpenAI({
    baseURL: "https://pantheon.example/v1",
    apiKey: options.apiKey ?? room.token,
    fetch: options.fetch ?? send,
    maxRetries: 2,
  });
}

const modelOf = ({ roomId }: StreamFixture) => `room:${roomId}`;
const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string | null): Message => ({ role: "assistant", content });

const three: ModelRule[] = [
  says("ada", { deltas: ["# I am ", "Ada"] }),
  says("bob", { status: 400 }),
  says("cy", { deltas: ["I ", "am ", "Cy"] }),
];
const failure = "**Bob** could not answer: The model's provider answered with status 400. (`model_error`)";
const blocks = ["**Ada:**\n\n# I am Ada", failure, "**Cy:**\n\nI am Cy"];

async function createChat(mode: "roundtable" | "tag" = "roundtable", ...rules: ModelRule[]) {
  const room = await createStreamFixture(
    { agents: ["ada", "bob", "cy"], mode },
    ...(rules.length > 0 ? rules : three),
  );
  const client = openClient(room);
  const ask = (messages: Message[], sessionId?: string) =>
    client.chat.completions.create({
      model: modelOf(room),
      messages,
      ...(sessionId === undefined ? {} : { metadata: { session_id: sessionId } }),
    });
  return { room, client, ask };
}

const contentOf = ({ choices }: OpenAI.ChatCompletion) => choices[0]?.message.content ?? "";
const placeOf = (completion: object) =>
  (completion as { metadata: { session_id: string; turn_id: string } }).metadata;

async function readStream(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { chunks, text: chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("") };
}

test("rooms are models, those used last first", async () => {
  const { room, client } = await createChat();
  const later = await room.api.as(room.owner).post("/rooms", { name: "Later" });
  const models = (await client.models.list()).data;
  expect(models).toMatchObject([
    { id: `room:${later.body.id}`, object: "model", owned_by: "pantheon", name: "Later" },
    { id: modelOf(room) },
  ]);
  expect(Math.abs((models[0]?.created ?? 0) - Date.now() / 1_000)).toBeLessThan(600);
});

describe.each(["roundtable", "tag"] as const)("in mode %s", (mode) => {
  const question = "@ada @bob @cy who are you?";

  test("a completion has each agent's answer under its name, what failed, and the tokens", async () => {
    const { room, ask } = await createChat(mode);
    const completion = await ask([user(question)]);
    expect(contentOf(completion)).toBe(blocks.join("\n\n"));
    expect(completion).toMatchObject({ object: "chat.completion", model: modelOf(room) });
    const { session_id: sessionId, turn_id: turnId } = placeOf(completion);
    const { body } = await room.api.as(room.owner).get(`/sessions/${sessionId}/turns/${turnId}`);
    expect(body).toMatchObject({ status: "partial", user_input: question });
    expect(completion.usage).toMatchObject({
      prompt_tokens: body.usage.input_tokens_fresh + body.usage.input_tokens_cached,
      completion_tokens: body.usage.output_tokens,
      total_tokens: body.usage.total_tokens,
    });
    expect(completion.usage?.total_tokens).toBeGreaterThan(0);
  });

  test("a stream has the same text in its chunks, and the tokens at its end", async () => {
    const { room, client } = await createChat(mode);
    const stream = await client.chat.completions.create({
      model: modelOf(room),
      messages: [user(question)],
      stream: true,
      stream_options: { include_usage: true },
    });
    const { chunks, text } = await readStream(stream);
    expect(text.split(/\n\n(?=\*\*)/).toSorted()).toEqual(blocks.toSorted());
    if (mode === "roundtable") expect(text).toBe(blocks.join("\n\n"));
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: "assistant" });
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason).filter(Boolean)).toEqual(["stop"]);
    expect(chunks.filter(({ usage }) => usage !== null)).toHaveLength(1);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });
});

test("agents that answer at once are streamed one after another", async () => {
  const { room, client } = await createChat(
    "tag",
    says("ada", { deltas: ["a1 ", "a2"], hold: "ada" }),
    says("bob", { deltas: ["b1 ", "b2"] }),
  );
  const stream = await client.chat.completions.create({
    model: modelOf(room),
    messages: [user("@ada @bob go")],
    stream: true,
  });
  const reading = readStream(stream);
  await room.models.wait({ calls: 2, settled: 1 });
  await room.models.release("ada");
  const { chunks, text } = await reading;
  expect(text).toBe("**Ada:**\n\na1 a2\n\n**Bob:**\n\nb1 b2");
  expect(chunks.some((chunk) => "usage" in chunk)).toBe(false);
});

describe("the session of a request", () => {
  const chat = () => createChat("tag", says("ada", "Hello."), says("bob", { status: 400 }));

  test("is a new one for each conversation, in which later requests go on, streamed or not", async () => {
    const { room, client, ask } = await chat();
    const first = await ask([user("@ada hi")]);
    const other = await ask([user("@ada hi")]);
    expect(placeOf(other).session_id).not.toBe(placeOf(first).session_id);

    const system: Message = { role: "system", content: "Be brief." };
    const third = await ask([system, user("@ada one"), assistant(null), user("@ada hi")]);
    const { session_id: sessionId } = placeOf(third);
    const history = [
      system,
      user("@ada one"),
      assistant(null),
      user("@ada hi"),
      assistant(` ${contentOf(third)}\n`),
    ];
    const fourth = await ask([...history, user("@ada and now?")]);
    const streamed = await client.chat.completions.create({
      model: modelOf(room),
      messages: [...history, user("@ada and now?"), assistant(contentOf(fourth)), user("@ada more")],
      stream: true,
    });
    const { chunks } = await readStream(streamed);
    // "hi" and its answer are in three sessions: the one with as many turns is meant.
    expect(placeOf(chunks.at(-1) ?? {})).toMatchObject({ session_id: sessionId });
    const { body } = await room.api.as(room.owner).get(`/sessions/${sessionId}/turns`);
    expect(body.data.map((turn: { user_input: string }) => turn.user_input)).toEqual([
      "@ada hi",
      "@ada and now?",
      "@ada more",
    ]);
  });

  test("is found by what a stream showed: text before a tool call, and an agent that failed", async () => {
    const { room, client, ask } = await createChat(
      "tag",
      says(
        "ada",
        { deltas: ["Let me see."], tool_calls: [{ name: "search", arguments: '{"query":"x"}' }] },
        1,
      ),
      says("ada", "Found."),
      says("bob", { status: 400 }),
    );
    for (const [question, answer] of [
      ["@ada look it up", "**Ada:**\n\nLet me see.\n\n**Ada:**\n\nFound."],
      ["@bob you", failure],
    ] as const) {
      const stream = await client.chat.completions.create({
        model: modelOf(room),
        messages: [user(question)],
        stream: true,
      });
      const { chunks, text } = await readStream(stream);
      expect(text).toBe(answer);
      const next = await ask([user(question), assistant(text), user("@bob go on")]);
      expect(placeOf(next).session_id).toBe(placeOf(chunks.at(-1) ?? {}).session_id);
    }
  });

  test("may be named, where it is of the room", async () => {
    const { room, ask } = await chat();
    const completion = await ask(
      [user("@ada hi"), assistant("Something else."), user("@ada go on")],
      room.sessionId,
    );
    expect(placeOf(completion).session_id).toBe(room.sessionId);
    const elsewhere = await createChat();
    await expect(ask([user("@ada hi")], elsewhere.room.sessionId)).rejects.toThrow(OpenAI.NotFoundError);
    const another = await room.api.as(room.owner).post("/rooms", { name: "Another" });
    const session = await room.api.as(room.owner).post(`/rooms/${another.body.id}/sessions`);
    await expect(ask([user("@ada hi")], session.body.id)).rejects.toThrow(OpenAI.NotFoundError);
    await expect(ask([user("@ada hi")], "no-id")).rejects.toThrow(OpenAI.UnprocessableEntityError);
  });

  test("is missing where no session begins like the conversation", async () => {
    const { room, ask } = await chat();
    await ask([user("@ada hi")]);
    for (const beginning of [
      [user("@ada hi"), assistant("Bye.")],
      [user("@ada hello"), assistant("**Ada:**\n\nHello.")],
    ]) {
      await expect(ask([...beginning, user("@ada go on")])).rejects.toThrow("metadata.session_id");
    }
    expect(await room.calls()).toBe(1);
  });
});

describe("a request that the client sends again", () => {
  /** A network that loses the answer of the first request once it has come, or at once. */
  const losing = (room: StreamFixture, { waits }: { waits: boolean }) => {
    const sent: Promise<Response>[] = [];
    const send: typeof fetch = async (input, init) => {
      const answer = Promise.resolve(room.api.request(String(input), init));
      sent.push(answer);
      if (sent.length > 1) return answer;
      if (waits) await (await answer).text();
      else await room.models.wait({ calls: 1, settled: 0 });
      throw new TypeError("fetch failed");
    };
    return { send, sent };
  };

  test.each([{ waits: true }, { waits: false }])("has the answer of the first: %o", async ({ waits }) => {
    const rule = says("ada", waits ? "Hello." : { deltas: ["Hello."], hold: "ada" });
    const { room } = await createChat("tag", rule);
    const { send, sent } = losing(room, { waits });
    const client = openClient(room, { fetch: send });
    const asking = client.chat.completions.create({ model: modelOf(room), messages: [user("@ada hi")] });
    if (!waits) {
      await room.models.wait({ calls: 1, settled: 0 });
      await expect.poll(() => sent.length).toBe(2);
      await room.models.release("ada");
    }
    expect(contentOf(await asking)).toBe("**Ada:**\n\nHello.");
    expect(await room.calls()).toBe(1);
    const { body } = await room.api.as(room.owner).get(`/rooms/${room.roomId}/sessions`);
    expect(body.data).toHaveLength(2);
  });

  test("streams the stored answer", async () => {
    const { room } = await createChat("tag", says("ada", "Hello."), says("bob", { status: 400 }));
    const { send } = losing(room, { waits: true });
    const stream = await openClient(room, { fetch: send }).chat.completions.create({
      model: modelOf(room),
      messages: [user("@ada @bob hi")],
      stream: true,
    });
    expect((await readStream(stream)).text).toBe(`**Ada:**\n\nHello.\n\n${failure}`);
    expect(await room.calls()).toBe(2);
  });

  test("is a turn of its own after ten minutes, with other messages, or of another user", async () => {
    const { room } = await createChat("tag", says("ada", "Hello."));
    const again = (content: string) =>
      openClient(room).chat.completions.create(
        { model: modelOf(room), messages: [user(content)] },
        { headers: { "x-stainless-retry-count": "1" } },
      );
    const first = await again("@ada hi");
    expect(placeOf(await again("@ada hi"))).toEqual(placeOf(first));
    expect(placeOf(await again("@ada hey")).turn_id).not.toBe(placeOf(first).turn_id);
    await room.sql`update turn_runs set created_at = created_at - interval '11 minutes'
      where session_id = ${placeOf(first).session_id}`;
    expect(placeOf(await again("@ada hi")).turn_id).not.toBe(placeOf(first).turn_id);
    expect(await room.calls()).toBe(3);
  });
});

describe("errors are of OpenAI's classes", () => {
  const failsWith = async (asking: Promise<unknown>) => {
    const error = await asking.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof OpenAI.APIError)) throw new Error(`expected an error of the client, got ${error}`);
    return error;
  };

  test.each([
    ["tools", { tools: [{ type: "function", function: { name: "f" } }] }],
    ["n", { n: 2 }],
    ["response_format", { response_format: { type: "json_object" } }],
    ["functions", { functions: [{ name: "f" }] }],
  ])("%s is refused, and nothing runs", async (field, extra) => {
    const { room, client } = await createChat();
    const body = { model: modelOf(room), messages: [user("@ada hi")], ...extra };
    const error = await failsWith(client.chat.completions.create(body as never));
    expect(error).toBeInstanceOf(OpenAI.UnprocessableEntityError);
    expect(error).toMatchObject({ code: "validation_failed", param: field, type: "invalid_request_error" });
    expect(await room.calls()).toBe(0);
  });

  test("a chat UI's request for a title, tags or a picture is refused", async () => {
    const { room, ask } = await createChat();
    const picture = { type: "image_url", image_url: { url: "data:," } } as const;
    for (const content of [
      "### Task:\nGenerate a title",
      " ### Task: x",
      "",
      [picture],
      "x".repeat(32_001),
    ]) {
      const error = await failsWith(ask([{ role: "user", content } as Message]));
      expect(error).toMatchObject({ status: 422, code: "validation_failed" });
      expect(error.param).toMatch(/^messages\.0\.content/);
    }
    expect(await failsWith(ask([assistant("Hello.")]))).toMatchObject({ status: 422, param: "messages" });
    expect(await room.calls()).toBe(0);
  });

  test("what asks for nothing, and sampling values, are ignored", async () => {
    const { room, client } = await createChat("tag", says("ada", "Hello."));
    const completion = await client.chat.completions.create({
      model: modelOf(room),
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "@ada" },
            { type: "text", text: "hi" },
          ],
        },
      ],
      tools: [],
      n: 1,
      response_format: { type: "text" },
      temperature: 2,
      max_tokens: 1,
      user: "somebody",
      seed: 7,
      store: true,
    });
    expect(contentOf(completion)).toBe("**Ada:**\n\nHello.");
  });

  test("a wrong key, a room that is not there, and a turn that is refused", async () => {
    const { room, ask } = await createChat("tag");
    const elsewhere = await createChat();
    const client = openClient(room, { apiKey: "pk_none" });
    const wrongKey = await failsWith(client.models.list().then());
    expect(wrongKey).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(wrongKey).toMatchObject({ code: "unauthorized", requestID: expect.any(String) });
    for (const model of [modelOf(elsewhere.room), `room:${crypto.randomUUID()}`, "room:x", "gpt-5"]) {
      const asking = openClient(room).chat.completions.create({ model, messages: [user("hi")] });
      expect(await failsWith(asking)).toBeInstanceOf(OpenAI.NotFoundError);
    }
    const untagged = await failsWith(ask([user("nobody")]));
    expect(untagged).toMatchObject({ status: 422, code: "no_valid_tagged_agents", param: null });
    expect(await room.calls()).toBe(0);
  });

  test("a first message that is refused leaves no session", async () => {
    const { room, ask } = await createChat("tag");
    const sessions = async () =>
      (await room.api.as(room.owner).get(`/rooms/${room.roomId}/sessions`)).body.data.length;
    const before = await sessions();
    for (const content of ["nobody", "@nobody hi"]) {
      expect(await failsWith(ask([user(content)]))).toMatchObject({ status: 422 });
    }
    expect(await failsWith(ask([user("nobody")], room.sessionId))).toMatchObject({ status: 422 });
    expect(await sessions()).toBe(before);
  });

  test("a first message that is refused is so too where its session cannot be deleted, and the log has it", async () => {
    const { room, ask } = await createChat("tag");
    const failsToDelete = failing('update \\"sessions\\" set \\"deleted_at\\"');
    const { result } = await watchDatabase(() => failsWith(ask([user("nobody")])), failsToDelete);
    expect(result).toMatchObject({ status: 422, code: "no_valid_tagged_agents" });
    const { body: sessions } = await room.api.as(room.owner).get(`/rooms/${room.roomId}/sessions`);
    const left = sessions.data.find(({ id }: { id: string }) => id !== room.sessionId);
    expect(room.api.lines.filter(({ event }) => event === "unused_session_left")).toMatchObject([
      { level: "warn", error: "PantheonError", request_id: expect.any(String), session_id: left.id },
    ]);
  });

  test("a session that is busy is a conflict, after which the client waits", async () => {
    const { room } = await createChat("tag", says("ada", { deltas: ["Hello."], hold: "ada" }));
    const running = room.send("/turns", { message: "@ada hi" });
    await room.models.wait({ calls: 1, settled: 0 });
    const asking = openClient(room).chat.completions.create(
      { model: modelOf(room), messages: [user("@ada hi")], metadata: { session_id: room.sessionId } },
      { maxRetries: 0 },
    );
    const error = await failsWith(asking);
    expect(error).toBeInstanceOf(OpenAI.ConflictError);
    expect(error).toMatchObject({ code: "turn_conflict" });
    expect(Number(error.headers?.get("Retry-After"))).toBeGreaterThan(0);
    await room.models.release("ada");
    await running;
  });
});
