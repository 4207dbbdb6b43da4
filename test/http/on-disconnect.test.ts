import { HttpAgent } from "@ag-ui/client";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { createStreamFixture, type StreamFixture } from "../support/streams.ts";
import { says } from "../support/turn-fixture.ts";

const base = "https://pantheon.example";

const createRoom = () =>
  createStreamFixture(
    { agents: ["ada"], mode: "tag" },
    says("ada", { deltas: ["Hello", " there."], hold_after_first: "gate" }),
  );

type Client = {
  what: string;
  /** Sends a message; it ends when the signal does, or with the answer. */
  send: (room: StreamFixture, query: string, signal: AbortSignal) => Promise<unknown>;
  byDefault: "continue" | "cancel";
};

const sendOpenAi = (isStream: boolean): Client["send"] => {
  return async (room, query, signal) => {
    const client = new OpenAI({
      baseURL: `${base}/v1`,
      apiKey: room.token,
      defaultQuery: Object.fromEntries(new URLSearchParams(query)),
      fetch: async (input, init) => room.api.app.request(String(input), init),
    });
    const answer = await client.chat.completions.create(
      {
        model: `room:${room.roomId}`,
        messages: [{ role: "user", content: "@ada hi" }],
        metadata: { session_id: room.sessionId },
        stream: isStream,
      },
      { signal },
    );
    if ("choices" in answer) return;
    for await (const _ of answer) signal.throwIfAborted();
  };
};

const sendAgUi: Client["send"] = async (room, query, signal) => {
  const agent = new HttpAgent({
    url: `${base}/api/v1/sessions/${room.sessionId}/ag-ui${query}`,
    headers: { Authorization: `Bearer ${room.token}` },
    fetch: async (input, init) => room.api.app.request(String(input), init),
  });
  signal.addEventListener("abort", () => agent.abortRun());
  agent.addMessage({ id: "m", role: "user", content: "@ada hi" });
  await agent.runAgent();
};

const sendUiMessages: Client["send"] = async (room, query, signal) => {
  const messages = [{ id: "m", role: "user", parts: [{ type: "text", text: "@ada hi" }] }];
  const answer = await room.api.app.request(`${base}/api/v1/sessions/${room.sessionId}/ui-messages${query}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${room.token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ id: "c", messages }),
    signal,
  });
  await answer.text();
};

const clients: Client[] = [
  { what: "OpenAI's SDK, plain", send: sendOpenAi(false), byDefault: "cancel" },
  { what: "OpenAI's SDK, streamed", send: sendOpenAi(true), byDefault: "cancel" },
  { what: "AG-UI's client", send: sendAgUi, byDefault: "continue" },
  { what: "useChat's request", send: sendUiMessages, byDefault: "continue" },
];

const cases = clients.flatMap((client) =>
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

test("an unknown wish is refused", async () => {
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
    expect(await client.post(`${path}?on_disconnect=stop`, body)).toMatchObject({ status: 422 });
  }
  expect(await room.calls()).toBe(0);
});
