import { expect, test } from "vitest";
import { eventsOf, joinDeltas, readEvents } from "../support/event-reader.ts";
import { createStreamFixture } from "../support/streams.ts";
import { says } from "../support/turn-fixture.ts";

test("a retry is streamed as its own run: the agents that failed, and the usage of this run", async () => {
  const usage = (prompt_tokens: number) => ({ prompt_tokens, completion_tokens: 10 });
  const room = await createStreamFixture(
    { agents: ["ada", "bob"], mode: "roundtable" },
    says("ada", { text: "ada one", usage: usage(100) }),
    says("bob", { status: 400 }),
  );
  const { body: first } = await room.post("hello");
  await room.models.script(says("bob", { deltas: ["bob", " two"], usage: usage(200) }));

  const response = await room.send(`/turns/${first.id}/retry/stream`, {});
  const events = await readEvents(response).all();

  const [turn] = await room.turns();
  const bob = turn?.replies[1];
  expect(turn).toMatchObject({ id: first.id, status: "completed" });
  expect(joinDeltas(events, bob?.message_id ?? "")).toBe("bob two");
  expect(eventsOf(events, "SUBAGENT_STARTED").map(({ name }) => name)).toEqual(["Bob"]);
  const [started] = eventsOf(events, "RUN_STARTED");
  expect(started).toMatchObject({ threadId: room.sessionId, runId: expect.not.stringMatching(first.id) });
  const [finished] = eventsOf(events, "RUN_FINISHED");
  // The turn's usage counts both runs, the run's own that of the retry alone.
  expect(finished).toMatchObject({
    runId: started?.runId,
    result: { ...turn, usage: { calls: 2, total_tokens: 320 } },
    usage: [{ inputTokens: 200, outputTokens: 10, totalTokens: 210 }],
  });
});

test("a retry that is refused is a problem, not a stream", async () => {
  const room = await createStreamFixture({ agents: ["ada"] }, says("ada", "hi"));
  const { body: first } = await room.post("@ada hello");
  const response = await room.send(`/turns/${first.id}/retry/stream`, {});
  expect(response.status).toBe(409);
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ code: "nothing_to_retry" });
});
