import { EventSourceParserStream } from "eventsource-parser/stream";
import * as api from "../generated/orval/api";
import type { Connect } from "./client.ts";
import { send, setAddress } from "./orval-fetch.ts";

type Answer = { status: number; data: unknown };
type Data<Of extends Answer, Status extends number> = Extract<Of, { status: Status }>["data"];

async function take<Of extends Answer, Status extends Of["status"]>(
  answer: Promise<Of>,
  wanted: Status,
): Promise<Data<Of, Status>> {
  const { status, data } = await answer;
  // Safe: the status decides what the data is.
  if (status === wanted) return data as Data<Of, Status>;
  throw new Error((data as { code: string }).code);
}

export const connect: Connect = (address) => {
  setAddress(address);
  return {
    createRoom: (name) => take(api.createRoom({ name, current_mode: "tag" }), 201),
    addAgent: (roomId, agent) => take(api.addAgent(roomId, agent), 201),
    uploadFile: (roomId, name, bytes) => take(api.uploadFile(roomId, bytes, { name }), 201),
    getFile: (fileId) => take(api.getFile(fileId), 200),
    downloadFile: async (fileId) => (await take(api.downloadFile(fileId), 200)).text(),
    createSession: (roomId) => take(api.createSession(roomId, {}), 201),
    createTurn: (sessionId, message) => take(api.createTurn(sessionId, { message }), 201),
    retryTurn: (sessionId, turnId) => take(api.retryTurn(sessionId, turnId, {}), 201),
    async *streamTurn(sessionId, message) {
      // Orval's functions wait for the end of a stream. Its address and its types are what a reader needs.
      const body: api.NewTurn = { message };
      const response = await send(api.getStreamTurnUrl(sessionId), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const text = response.body?.pipeThrough(new TextDecoderStream());
      for await (const { data } of text?.pipeThrough(new EventSourceParserStream()) ?? []) {
        const event: api.StreamEvent = JSON.parse(data);
        yield event;
      }
    },
    queueTurn: (sessionId, message) => take(api.queueTurn(sessionId, { message }), 202),
    cancelTurn: (sessionId, turnId) => take(api.cancelTurn(sessionId, turnId), 202),
    getTurn: (sessionId, turnId) => take(api.getTurn(sessionId, turnId), 200),
  };
};
