import { deleteSession } from "../actions/delete-session.ts";
import { listSessions } from "../actions/list-sessions.ts";
import { readSession } from "../actions/read-session.ts";
import { readTranscript } from "../actions/read-transcript.ts";
import { startSession } from "../actions/start-session.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { readNothingAsEmptyObject } from "../http/json-body.ts";
import { json, optionalJsonBody } from "../http/responses.ts";
import { pageOf, pageQuery } from "../http/schemas.ts";
import { message, toMessage, transcriptQuery } from "./schemas/message.ts";
import { toPage } from "./schemas/page.ts";
import { roomParams } from "./schemas/room.ts";
import { newSession, session, sessionParams, toSession } from "./schemas/session.ts";

const tag = "sessions";
const params = sessionParams;

const routes = {
  start: defineRoute("post", "/rooms/{room_id}/sessions", "Start a session", {
    tag,
    request: { params: roomParams, body: optionalJsonBody(newSession) },
    responses: { 201: json(session, "The session") },
  }),
  list: defineRoute("get", "/rooms/{room_id}/sessions", "List the active sessions of a room, oldest first", {
    tag,
    request: { params: roomParams, query: pageQuery },
    responses: { 200: json(pageOf(session), "A page of sessions") },
  }),
  read: defineRoute("get", "/sessions/{session_id}", "Read a session", {
    tag,
    request: { params },
    responses: { 200: json(session, "The session") },
  }),
  remove: defineRoute("delete", "/sessions/{session_id}", "Delete a session", {
    tag,
    request: { params },
    responses: { 204: { description: "Gone from every read" } },
  }),
  messages: defineRoute(
    "get",
    "/sessions/{session_id}/messages",
    "Read the transcript, oldest message first",
    {
      tag,
      request: { params, query: transcriptQuery },
      responses: { 200: json(pageOf(message), "A page of messages; long texts end it before `limit`") },
    },
  ),
};

export function registerSessionRoutes(app: App, deps: Deps): void {
  app.post("/rooms/:room_id/sessions", readNothingAsEmptyObject);
  app.openapi(routes.start, async (c) =>
    c.json(toSession(await startSession(deps, c.var.user, c.req.valid("param").room_id)), 201),
  );
  app.openapi(routes.list, async (c) => {
    const page = await listSessions(deps, c.var.user, c.req.valid("param").room_id, c.req.valid("query"));
    return c.json(toPage(page, toSession), 200);
  });
  app.openapi(routes.read, async (c) =>
    c.json(toSession(await readSession(deps, c.var.user, c.req.valid("param").session_id)), 200),
  );
  app.openapi(routes.remove, async (c) => {
    await deleteSession(deps, c.var.user, c.req.valid("param").session_id);
    return c.body(null, 204);
  });
  app.openapi(routes.messages, async (c) => {
    const { include, ...page } = c.req.valid("query");
    const request = { ...page, includesSuperseded: include === "superseded" };
    const found = await readTranscript(deps, c.var.user, c.req.valid("param").session_id, request);
    return c.json(toPage(found, toMessage), 200);
  });
}
