import { EventSourceParserStream } from "eventsource-parser/stream";
import createClient from "openapi-fetch";
import type { components, paths } from "../generated/openapi-typescript/pantheon-api.ts";
import { asStored, type Connect } from "./client.ts";

type Answer<T> = { data?: T; error?: { code: string } };

async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error } = await answer;
  if (data === undefined) throw new Error(error?.code);
  return data;
}

export const connect: Connect = ({ url, token }) => {
  const api = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
  const inSession = (session_id: string) => ({ params: { path: { session_id } } });
  const ofTurn = (session_id: string, turn_id: string) => ({ params: { path: { session_id, turn_id } } });
  return {
    createRoom: (name) => take(api.POST("/api/v1/rooms", { body: { name, current_mode: "tag" } })),
    addAgent: (room_id, body) =>
      take(api.POST("/api/v1/rooms/{room_id}/agents", { params: { path: { room_id } }, body })),
    uploadFile: (room_id, name, bytes) =>
      take(
        api.POST("/api/v1/rooms/{room_id}/files", {
          params: { path: { room_id }, query: { name } },
          headers: { "Content-Type": "application/octet-stream" },
          body: "",
          bodySerializer: () => bytes,
        }),
      ),
    getFile: (file_id) => take(api.GET("/api/v1/files/{file_id}", { params: { path: { file_id } } })),
    downloadFile: (file_id) =>
      take(api.GET("/api/v1/files/{file_id}/content", { params: { path: { file_id } }, parseAs: "text" })),
    createSession: (room_id) =>
      take(api.POST("/api/v1/rooms/{room_id}/sessions", { params: { path: { room_id } }, body: {} })),
    createTurn: async (id, message) =>
      asStored(
        await take(api.POST("/api/v1/sessions/{session_id}/turns", { ...inSession(id), body: { message } })),
      ),
    retryTurn: async (id, turnId) =>
      asStored(
        await take(
          api.POST("/api/v1/sessions/{session_id}/turns/{turn_id}/retry", {
            ...ofTurn(id, turnId),
            body: {},
          }),
        ),
      ),
    async *streamTurn(id, message) {
      const stream = await take(
        api.POST("/api/v1/sessions/{session_id}/turns/stream", {
          ...inSession(id),
          body: { message },
          parseAs: "stream",
        }),
      );
      const events = stream?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      for await (const { data } of events ?? []) {
        const event: components["schemas"]["StreamEvent"] = JSON.parse(data);
        yield event;
      }
    },
    queueTurn: (id, message) =>
      take(api.POST("/api/v1/sessions/{session_id}/turns/queue", { ...inSession(id), body: { message } })),
    cancelTurn: (id, turnId) =>
      take(api.POST("/api/v1/sessions/{session_id}/turns/{turn_id}/cancel", ofTurn(id, turnId))),
    getTurn: (id, turnId) =>
      take(api.GET("/api/v1/sessions/{session_id}/turns/{turn_id}", ofTurn(id, turnId))),
  };
};
