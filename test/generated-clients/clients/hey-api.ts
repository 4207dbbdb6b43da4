import { createClient, createConfig } from "../generated/hey-api/client";
import * as api from "../generated/hey-api/sdk.gen";
import { asStored, type Connect } from "./client.ts";

type Answer<T> = { data?: T | undefined; error?: { code: string } | undefined };

async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error } = await answer;
  if (data === undefined) throw new Error(error?.code);
  return data;
}

export const connect: Connect = ({ url, token }) => {
  const client = createClient(createConfig({ baseUrl: url, auth: token }));
  return {
    createRoom: (name) => take(api.createRoom({ client, body: { name, current_mode: "tag" } })),
    addAgent: (room_id, body) => take(api.addAgent({ client, path: { room_id }, body })),
    uploadFile: (room_id, name, body) =>
      take(api.uploadFile({ client, path: { room_id }, query: { name }, body })),
    getFile: (file_id) => take(api.getFile({ client, path: { file_id } })),
    downloadFile: async (file_id) => (await take(api.downloadFile({ client, path: { file_id } }))).text(),
    createSession: (room_id) => take(api.createSession({ client, path: { room_id }, body: {} })),
    createTurn: async (session_id, message) =>
      asStored(await take(api.createTurn({ client, path: { session_id }, body: { message } }))),
    retryTurn: async (session_id, turn_id) =>
      asStored(await take(api.retryTurn({ client, path: { session_id, turn_id }, body: {} }))),
    async *streamTurn(session_id, message) {
      // The client sends a request again whose stream breaks: under the same key it is one turn.
      const headers = { "Idempotency-Key": crypto.randomUUID() };
      const { stream } = await api.streamTurn({ client, path: { session_id }, headers, body: { message } });
      yield* stream;
    },
    queueTurn: (session_id, message) =>
      take(api.queueTurn({ client, path: { session_id }, body: { message } })),
    cancelTurn: (session_id, turn_id) => take(api.cancelTurn({ client, path: { session_id, turn_id } })),
    getTurn: (session_id, turn_id) => take(api.getTurn({ client, path: { session_id, turn_id } })),
  };
};
