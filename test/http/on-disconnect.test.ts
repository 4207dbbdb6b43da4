import { expect, test } from "vitest";
import { stockSenders } from "../support/stock-senders.ts";
import { createStreamFixture } from "../support/streams.ts";
import { says } from "../support/turn-fixture.ts";

const createRoom = () =>
  createStreamFixture(
    { agents: ["ada"], mode: "tag" },
    says("ada", { deltas: ["Hello", " there."], hold_after_first: "gate" }),
  );

const cases = stockSenders.flatMap((client) =>
  (["default", "continue", "cancel"] as const).map((wish) => ({
    ...client,
    wish,
    isCancelled: (wish === "default" ? client.byDefault : wish) === "cancel",
  })),
);

test.each(cases)(
  "$what that closes its connection, on_disconnect $wish",
  async ({ send, wish, isCancelled }) => {
    const room = await createRoom();
    const stop = new AbortController();
    const sending = send(room, wish === "default" ? "" : `?on_disconnect=${wish}`, stop.signal).catch(
      () => undefined,
    );
    await room.models.wait({ calls: 1, settled: 0 });
    stop.abort();
    if (!isCancelled) await room.models.release("gate");
    await room.settled();
    const [turn] = await room.turns();
    const error = isCancelled ? { code: "cancelled", message: expect.any(String) } : null;
    expect(turn).toMatchObject({ status: isCancelled ? "failed" : "completed", replies: [{ error }] });
    await room.models.release("gate");
    await sending;
    expect(await room.calls()).toBe(1);
  },
);

test("an unknown wish is refused, of what a busy session does as well", async () => {
  const room = await createRoom();
  const client = room.api.as(room.owner);
  const messages = [
    { id: "m", role: "user", content: "@ada hi", parts: [{ type: "text", text: "@ada hi" }] },
  ];
  for (const path of [
    `/sessions/${room.sessionId}/ag-ui`,
    `/sessions/${room.sessionId}/ui-messages`,
    "/v1/chat/completions",
  ]) {
    const body = { threadId: "t", runId: "r", model: `room:${room.roomId}`, messages };
    for (const query of ["on_disconnect=stop", "when_busy=reject"]) {
      expect(await client.post(`${path}?${query}`, body)).toMatchObject({ status: 422 });
    }
  }
  expect(await room.calls()).toBe(0);
});
