import { HttpAgent } from "@ag-ui/client";
import OpenAI from "openai";
import type { StreamFixture } from "./streams.ts";

const base = "https://pantheon.example";

export type StockSender = {
  what: string;
  /** Sends a message; it ends when the signal does, or with the answer. A refusal is thrown, or is the answer. */
  send: (room: StreamFixture, query: string, signal: AbortSignal) => Promise<unknown>;
  byDefault: "continue" | "cancel";
};

const sendOpenAi = (isStream: boolean): StockSender["send"] => {
  return async (room, query, signal) => {
    const client = new OpenAI({
      baseURL: `${base}/v1`,
      apiKey: room.token,
      maxRetries: 0,
      defaultQuery: Object.fromEntries(new URLSearchParams(query)),
      fetch: async (input, init) => room.api.request(String(input), init),
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

const sendAgUi: StockSender["send"] = async (room, query, signal) => {
  const agent = new HttpAgent({
    url: `${base}/api/v1/sessions/${room.sessionId}/ag-ui${query}`,
    headers: { Authorization: `Bearer ${room.token}` },
    fetch: async (input, init) => room.api.request(String(input), init),
  });
  signal.addEventListener("abort", () => agent.abortRun());
  agent.addMessage({ id: "m", role: "user", content: "@ada hi" });
  await agent.runAgent();
};

const sendUiMessages: StockSender["send"] = async (room, query, signal) => {
  const messages = [{ id: "m", role: "user", parts: [{ type: "text", text: "@ada hi" }] }];
  const answer = await room.api.request(`${base}/api/v1/sessions/${room.sessionId}/ui-messages${query}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${room.token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ id: "c", messages }),
    signal,
  });
  return answer.text();
};

/** Each stock client, with one message. */
export const stockSenders: StockSender[] = [
  { what: "OpenAI's SDK, plain", send: sendOpenAi(false), byDefault: "cancel" },
  { what: "OpenAI's SDK, streamed", send: sendOpenAi(true), byDefault: "cancel" },
  { what: "AG-UI's client", send: sendAgUi, byDefault: "continue" },
  { what: "useChat's request", send: sendUiMessages, byDefault: "continue" },
];
