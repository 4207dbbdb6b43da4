import { expect, test } from "vitest";
import { createRoom, createTestApi, newUser } from "../../support/api.ts";
import { readEvents } from "../../support/event-reader.ts";
import { createStreamFixture } from "../../support/streams.ts";
import { says } from "../../support/turn-fixture.ts";

const input = (threadId: string, id: string, content = "@ada go") => ({
  threadId,
  runId: id,
  protocolVersion: "1.0",
  messages: [{ id, role: "user", content }],
});

async function createRoomFixture() {
  const room = await createStreamFixture({ agents: ["ada"] }, says("ada", "Hello."));
  const post = (body: object, query = "") =>
    room.api.request(`/api/v1/rooms/${room.roomId}/ag-ui${query}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { Authorization: `Bearer ${room.token}`, "Content-Type": "application/json" },
    });
  const client = room.api.as(room.owner);
  const sessions = async () => (await client.get(`/rooms/${room.roomId}/sessions`)).body.data;
  return { ...room, post, client, sessions };
}

test("each thread of a room is a session of its own, which later messages go on with", async () => {
  const room = await createRoomFixture();
  for (const [threadId, id] of [
    ["chat 1", "m1"],
    ["chat 2", "m2"],
    ["chat 1", "m3"],
    ["é".repeat(1_000), "m4"],
  ] as const) {
    const events = await readEvents(await room.post(input(threadId, id))).all();
    expect(events[0]).toMatchObject({ threadId });
  }
  const sessions = await room.sessions();
  expect(sessions).toHaveLength(4);
  const counts = await Promise.all(
    sessions.map(
      async ({ id }: { id: string }) => (await room.client.get(`/sessions/${id}/turns`)).body.data.length,
    ),
  );
  expect(counts.toSorted()).toEqual([0, 1, 1, 2]);
});

test("of ten requests at once for a new thread one starts its session", async () => {
  const room = await createRoomFixture();
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => room.post(input("new", `m${n}`))));
  await Promise.all(answers.map((answer) => answer.text()));
  expect(await room.sessions()).toHaveLength(2);
});

test("a thread whose session was deleted begins again", async () => {
  const room = await createRoomFixture();
  await (await room.post(input("chat", "m1"))).text();
  const [, first] = await room.sessions();
  await room.client.delete(`/sessions/${first.id}`);
  await (await room.post(input("chat", "m1"))).text();
  const [, second] = await room.sessions();
  expect(second.id).not.toBe(first.id);
  expect((await room.client.get(`/sessions/${second.id}/turns`)).body.data).toHaveLength(1);
});

test("the room of another user has no threads, and neither has one that never was", async () => {
  const [room, other] = [await createRoomFixture(), await createTestApi()];
  const stranger = newUser();
  const theirs = await createRoom(other, stranger);
  for (const id of [theirs.id, crypto.randomUUID()]) {
    expect(await room.client.post(`/rooms/${id}/ag-ui`, input("chat", "m1"))).toMatchObject({ status: 404 });
    expect(await room.client.get(`/rooms/${id}/ag-ui?thread_id=chat`)).toMatchObject({ status: 404 });
  }
  expect((await other.as(stranger).get(`/rooms/${theirs.id}/sessions`)).body.data).toEqual([]);
});

test("the history of a session or thread is a snapshot, with labels on request", async () => {
  const room = await createStreamFixture(
    { agents: ["ada", "bob"], mode: "tag" },
    says("ada", "Hello."),
    says("bob", { status: 400 }),
  );
  const client = room.api.as(room.owner);
  const path = `/sessions/${room.sessionId}/ag-ui`;
  expect((await client.get(path)).body).toEqual({ type: "MESSAGES_SNAPSHOT", messages: [] });
  await room.post("@ada @bob hi");
  const [turn] = await room.turns();
  const { body } = await client.get(path);
  expect(body.messages).toMatchObject([
    { role: "user", content: "@ada @bob hi" },
    { id: turn?.replies[0]?.message_id, role: "assistant", name: "Ada", content: "Hello." },
    { role: "assistant", name: "Bob", metadata: { agent_key: "bob", status: "failed" } },
  ]);
  const labelled = await client.get(`${path}?labels=on`);
  expect(labelled.body.messages.map(({ content }: { content: string }) => content)).toEqual([
    "@ada @bob hi",
    "**Ada:**\n\nHello.",
    "**Bob** could not answer: The model's provider answered with status 400. (`model_error`)",
  ]);
  const none = await client.get(`/rooms/${room.roomId}/ag-ui?thread_id=none`);
  expect(none).toMatchObject({ status: 200, body: { messages: [] } });
  const tooLong = `/rooms/${room.roomId}/ag-ui?thread_id=${"t".repeat(1_001)}`;
  expect(await client.get(tooLong)).toMatchObject({ status: 422 });
});
