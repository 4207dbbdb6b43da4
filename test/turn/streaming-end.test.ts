import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { messages, turnClaims } from "../../src/db/schema.ts";
import { eventsOf, joinDeltas, readEvents } from "../support/event-reader.ts";
import { createStreamFixture, type StreamFixture } from "../support/streams.ts";
import { says } from "../support/turn-fixture.ts";

const held = says("ada", { deltas: ["first", " second"], hold_after_first: "more" });

test("RUN_FINISHED comes only once the turn is stored", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const reader = readEvents(await room.stream("@ada go"));
  const { result } = await reader.until("RUN_FINISHED");
  expect((await room.read(result.id)).body.status).toBe("completed");
});

test("a run that lost its claim ends in RUN_ERROR, and nothing is stored", async () => {
  const room = await createStreamFixture({ agents: ["ada"] }, held);
  const reader = readEvents(await room.stream("@ada go"));
  await reader.until("TEXT_MESSAGE_CONTENT");
  await room.api.deps.db.delete(turnClaims).where(sql`${turnClaims.sessionId} = ${room.sessionId}`);
  await room.models.release("more");
  const events = await reader.all();
  expect(events.at(-1)).toEqual({
    type: "RUN_ERROR",
    code: "turn_conflict",
    message: "Turn creation conflicted with concurrent writes. Please retry.",
  });
  expect(eventsOf(events, "RUN_FINISHED")).toEqual([]);
  await room.settled();
  expect(await room.turns()).toEqual([]);
});

test("an unexpected error is RUN_ERROR without its cause", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  room.api.deps.runTurn = () => Promise.reject(new Error("secret of ours"));
  const events = await readEvents(await room.stream("@ada go")).all();
  expect(events.at(-1)).toEqual({
    type: "RUN_ERROR",
    code: "internal_error",
    message: "An unexpected error occurred. The log has it under this request's 'request_id'.",
  });
  expect(room.api.lines).toContainEqual(
    expect.objectContaining({ event: "turn_not_committed", code: "crashed" }),
  );
});

test("a client that disconnects in the middle does not stop its turn", async () => {
  const room = await createStreamFixture({ agents: ["ada"] }, held);
  const reader = readEvents(await room.stream("@ada go", { "Idempotency-Key": "gone" }));
  await reader.until("TEXT_MESSAGE_CONTENT");
  await reader.leave();
  expect(await room.turns()).toEqual([]);
  await room.models.release("more");
  await room.settled();
  expect(await room.turns()).toMatchObject([{ status: "completed", assistant_output: "first second" }]);

  const replayed = await readEvents(await room.stream("@ada go", { "Idempotency-Key": "gone" })).all();
  expect(eventsOf(replayed, "MESSAGES_SNAPSHOT")[0]?.messages.at(-1)?.content).toBe("first second");
  expect(await room.calls()).toBe(1);
});

test("a stream's end is logged, with how it ended; its request is logged when it is answered", async () => {
  const room = await createStreamFixture({ agents: ["ada"] }, held);
  const ends = () => room.api.lines.filter(({ event }) => event === "stream_ended");
  const reader = readEvents(await room.stream("@ada go"));
  await reader.until("TEXT_MESSAGE_CONTENT");
  expect(room.api.lines.filter(({ event }) => event === "request_done")).toMatchObject([
    { status: 200, route: "/api/v1/sessions/:session_id/turns/stream" },
  ]);
  expect(ends()).toEqual([]);
  await room.models.release("more");
  await reader.all();
  expect(ends()).toMatchObject([{ end: "completed", request_id: expect.any(String) }]);
});

test("a client that never reads does not stop its turn", async () => {
  const room = await createStreamFixture(
    { agents: ["ada"], settings: { MAX_OUTPUT_TOKENS: "60000" } },
    says("ada", { deltas: Array.from({ length: 40 }, () => "x".repeat(10_000)) }),
  );
  const response = await room.stream("@ada go");
  await room.settled();
  expect(await room.turns()).toMatchObject([{ status: "completed" }]);
  expect((await readEvents(response).all()).at(-1)).toMatchObject({ type: "RUN_FINISHED" });
});

test("a client that leaves too much unread loses only its stream", async () => {
  const deltas = Array.from({ length: 40 }, () => "x".repeat(10_000));
  const agents = Array.from({ length: 12 }, (_, n) => `agent${n}`);
  const room = await createStreamFixture(
    { agents, settings: { MAX_OUTPUT_TOKENS: "60000", TURN_MAX_CREDITS: "1000" } },
    { answer: { deltas } },
  );
  const response = await room.stream(agents.map((key) => `@${key}`).join(" "));
  await room.settled();
  const [turn] = await room.turns();
  // The turn has room for two of these answers; the others fail in it.
  const completed = turn?.replies.filter(({ status }) => status === "completed");
  expect(completed?.map(({ content }) => content.length)).toEqual([400_000, 400_000]);
  expect(turn?.replies).toHaveLength(agents.length);
  await expect(response.text()).rejects.toThrow();
});

test("a replay is a snapshot of the session and the stored turn", async () => {
  const room = await createStreamFixture(
    { agents: ["ada", "bob"] },
    { match: { contains: "fail" }, answer: { status: 400 } },
  );
  await readEvents(await room.stream("@ada one")).all();
  const key = { "Idempotency-Key": "the same" };
  const first = await readEvents(await room.stream("@ada @bob please fail", key)).all();
  await room.models.script({ answer: { text: "later" } });
  await readEvents(await room.stream("@bob three")).all();
  const calls = await room.calls();

  const response = await room.stream("@ada @bob please fail", key);
  expect(response.headers.get("Idempotency-Replayed")).toBe("true");
  const events = await readEvents(response).all();
  expect(await room.calls()).toBe(calls);
  expect(events.map(({ type }) => type)).toEqual(["RUN_STARTED", "MESSAGES_SNAPSHOT", "RUN_FINISHED"]);
  expect(events[0]).toEqual(first[0]);
  const [finished, replayed] = [first.at(-1), events.at(-1)];
  expect(replayed).toEqual({
    ...finished,
    result: { ...finishedResult(finished), timing: expect.anything() },
  });
  const turns = await room.turns();
  const [one, two, three] = turns.map(({ replies }) => replies);
  const assistant = (reply: NonNullable<typeof one>[number] | undefined) => ({
    id: reply?.message_id,
    role: "assistant",
    name: reply?.agent_name,
    content: reply?.content,
    metadata: { agent_key: reply?.agent_key, status: reply?.status },
  });
  expect(eventsOf(events, "MESSAGES_SNAPSHOT")[0]?.messages).toEqual([
    { id: expect.any(String), role: "user", content: "@ada one" },
    assistant(one?.[0]),
    { id: expect.any(String), role: "user", content: "@ada @bob please fail" },
    assistant(two?.[0]),
    assistant(two?.[1]),
    { id: expect.any(String), role: "user", content: "@bob three" },
    assistant(three?.[0]),
  ]);
  expect(two?.[0]?.content).toMatch(/^\[\[agent_error\]\]/);
});

test("a replayed snapshot leaves out private and superseded messages, and is bounded", async () => {
  const room = await createStreamFixture({ agents: ["ada"] });
  const key = { "Idempotency-Key": "again" };
  const first = await readEvents(await room.stream("@ada go", key)).all();
  const [reply] = (await room.turns())[0]?.replies ?? [];
  await addMessages(room, { count: 1, visibility: "private", content: "'a thought'" });
  await addMessages(room, { count: 1, content: "'better'", supersedes: reply?.message_id ?? "" });
  const replay = async () => {
    const events = await readEvents(await room.stream("@ada go", key)).all();
    return eventsOf(events, "MESSAGES_SNAPSHOT")[0]?.messages.map(({ content }) => content) ?? [];
  };
  expect(await replay()).toEqual(["@ada go", "better"]);

  await addMessages(room, { count: 450, content: "'message ' || n" });
  expect(await replay()).toEqual(Array.from({ length: 400 }, (_, index) => `message ${index + 51}`));

  await addMessages(room, { count: 100, content: "repeat('é', 15000)" });
  expect(await replay()).toHaveLength(Math.floor((2 * 1024 * 1024) / 30_002));
  expect(joinDeltas(first, reply?.message_id ?? "")).toBe(reply?.content);
});

const refusals: {
  name: string;
  status: number;
  code: string;
  ask: (room: StreamFixture) => Promise<Response>;
}[] = [
  { name: "no tag", status: 422, code: "no_valid_tagged_agents", ask: (room) => room.stream("nobody") },
  { name: "a blank message", status: 422, code: "validation_failed", ask: (room) => room.stream("  ") },
  {
    name: "a bad key",
    status: 400,
    code: "invalid_idempotency_key",
    ask: (room) => room.stream("@ada go", { "Idempotency-Key": "k".repeat(256) }),
  },
  {
    name: "a bad token",
    status: 401,
    code: "unauthorized",
    ask: (room) => room.stream("@ada go", { Authorization: "Bearer nobody" }),
  },
  {
    name: "a session that is not there",
    status: 404,
    code: "not_found",
    ask: async (room) =>
      (await createStreamFixture({ agents: ["ada"] })).stream("@ada go", {
        Authorization: `Bearer ${room.token}`,
      }),
  },
  {
    name: "a key used before",
    status: 422,
    code: "idempotency_key_reused",
    ask: async (room) => {
      await readEvents(await room.stream("@ada go", { "Idempotency-Key": "used" })).all();
      return room.stream("@ada stop", { "Idempotency-Key": "used" });
    },
  },
];

test.for(refusals)("$name is refused with a problem, not with a stream", async ({ ask, status, code }) => {
  const response = await ask(await createStreamFixture({ agents: ["ada"] }));
  expect(response.status).toBe(status);
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ status, code });
});

test("while a turn runs, a stream of another is a conflict, and one under its key joins it", async () => {
  const room = await createStreamFixture({ agents: ["ada"] }, held);
  const key = { "Idempotency-Key": "mine" };
  const reader = readEvents(await room.stream("@ada go", key));
  const { runId } = await reader.until("RUN_STARTED");
  await reader.until("TEXT_MESSAGE_CONTENT");
  const other = await room.stream("@ada stop");
  expect(await other.json()).toMatchObject({ status: 409, code: "turn_conflict", turn_id: runId });
  const joined = readEvents(await room.stream("@ada go", key));
  await room.models.release("more");
  const events = await reader.all();
  expect(events.at(-1)).toMatchObject({ type: "RUN_FINISHED" });
  expect(await joined.all()).toEqual(events);
  expect(await room.calls()).toBe(1);
});

function finishedResult(event: unknown): object {
  return typeof event === "object" && event !== null && "result" in event ? Object(event.result) : {};
}

type AddedMessages = { count: number; content: string; visibility?: string; supersedes?: string };

/** Adds answers to the session's first turn, straight into the table; `content` is SQL over `n`, from 1. */
async function addMessages({ api, sessionId }: StreamFixture, added: AddedMessages): Promise<void> {
  await api.deps.db.execute(sql`
    insert into ${messages} (id, session_id, turn_id, run_id, seq, role, agent_key, agent_name, visibility, status,
      content, supersedes_id, created_at)
    select gen_random_uuid(), m.session_id, m.turn_id, m.run_id, m.seq + n, 'assistant', 'ada', 'Ada',
      ${added.visibility ?? "shared"}, 'completed', ${sql.raw(added.content)}, ${added.supersedes ?? null}::uuid, now()
    from generate_series(1, ${added.count}) n,
      (select * from ${messages} where session_id = ${sessionId} order by seq desc limit 1) m`);
}
