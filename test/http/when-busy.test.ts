import OpenAI from "openai";
import { expect, test } from "vitest";
import { type StockSender, stockSenders } from "../support/stock-senders.ts";
import { createStreamFixture, type StreamFixture } from "../support/streams.ts";
import { says } from "../support/turn-fixture.ts";
import { until } from "../support/until.ts";

/** A room whose first turn runs until `gate` is released. */
async function createBusyRoom() {
  const room = await createStreamFixture(
    { agents: ["ada"], mode: "tag" },
    says("ada", { deltas: ["First", "."], hold_after_first: "gate" }, 1),
    says("ada", "Second."),
  );
  const first = room.send("/turns", { message: "@ada begin" });
  await room.models.wait({ calls: 1, settled: 0 });
  const waiting = async () =>
    (await room.api.as(room.owner).get(`/sessions/${room.sessionId}/queue`)).body.data.length;
  /** The turns in their order, with how their one reply ended. */
  const endings = async () =>
    (await room.turns()).map(({ user_input, replies }) => [
      user_input,
      replies[0]?.error?.code ?? replies[0]?.content,
    ]);
  return { room, first, waiting, endings };
}

const sendTo = (room: StreamFixture, { send }: StockSender, query: string) =>
  send(room, query, new AbortController().signal);

test.each(stockSenders)(
  "$what is refused in a busy session where it does not say when_busy",
  async (client) => {
    const { room, first, endings } = await createBusyRoom();
    for (const query of ["", "?when_busy=refuse"]) {
      const answer = await sendTo(room, client, query).then(String, String);
      expect(answer).toMatch(/409|turn_conflict/);
    }
    await room.models.release("gate");
    await first;
    expect(await endings()).toEqual([["@ada begin", "First."]]);
    expect(await room.calls()).toBe(1);
  },
);

test.each(stockSenders)("$what waits for its turn with when_busy=queue", async (client) => {
  const { room, first, waiting, endings } = await createBusyRoom();
  const sending = sendTo(room, client, "?when_busy=queue");
  await until("the turn waits", async () => (await waiting()) === 1);
  await room.models.release("gate");
  await Promise.all([first, sending]);
  expect(await endings()).toEqual([
    ["@ada begin", "First."],
    ["@ada hi", "Second."],
  ]);
  expect(await room.calls()).toBe(2);
});

test.each(stockSenders)("$what ends the running turn with when_busy=interrupt", async (client) => {
  const { room, first, endings } = await createBusyRoom();
  await Promise.all([first, sendTo(room, client, "?when_busy=interrupt")]);
  await room.models.release("gate");
  expect(await endings()).toEqual([
    ["@ada begin", "cancelled"],
    ["@ada hi", "Second."],
  ]);
  expect(await room.calls()).toBe(2);
});

test("a repeat of OpenAI's SDK whose first request waits joins that one", async () => {
  const { room, first, waiting, endings } = await createBusyRoom();
  const sent: Promise<Response>[] = [];
  const client = new OpenAI({
    baseURL: "https://pantheon.example/v1",
    apiKey: room.token,
    defaultQuery: { when_busy: "queue", on_disconnect: "continue" },
    fetch: async (input, init) => {
      const answer = room.api.request(String(input), init);
      sent.push(answer);
      if (sent.length > 1) return answer;
      await until("the turn waits", async () => (await waiting()) === 1);
      throw new TypeError("fetch failed");
    },
  });
  const asking = client.chat.completions.create({
    model: `room:${room.roomId}`,
    messages: [{ role: "user", content: "@ada hi" }],
    metadata: { session_id: room.sessionId },
  });
  await expect.poll(() => sent.length, { timeout: 10_000 }).toBe(2);
  await room.models.release("gate");
  expect((await asking).choices[0]?.message.content).toBe("**Ada:**\n\nSecond.");
  await Promise.all([first, ...sent]);
  expect(await endings()).toHaveLength(2);
  expect(await room.calls()).toBe(2);
});
