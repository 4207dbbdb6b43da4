import {
  insertSession,
  loadSession,
  loadSessions,
  softDeleteSession,
  updateTitle,
} from "../db/rooms/sessions.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { emptyBodyAsObject } from "../http/json-body.ts";
import { json, jsonBody, optionalJsonBody } from "../http/responses.ts";
import { pageOf, usePageQuery } from "../http/schemas.ts";
import { toPage } from "./schemas/page.ts";
import { roomOf, roomParams } from "./schemas/room.ts";
import { newSession, session, sessionChange, sessionParams, toSession } from "./schemas/session.ts";

const tag = "sessions";
const params = sessionParams;

const routes = {
  start: defineRoute("post", "/rooms/{room_id}/sessions", "Start a session", {
    id: "createSession",
    tag,
    description: "The body may be left out.",
    request: { params: roomParams, body: optionalJsonBody(newSession) },
    responses: { 201: json(session, "The session") },
  }),
  list: defineRoute("get", "/rooms/{room_id}/sessions", "List the active sessions of a room", {
    id: "listSessions",
    tag,
    description: "Sessions that are not deleted, oldest first or the last used first.",
    request: { params: roomParams, query: usePageQuery },
    responses: { 200: json(pageOf(session), "A page of sessions") },
  }),
  read: defineRoute("get", "/sessions/{session_id}", "Read a session", {
    id: "getSession",
    tag,
    description: "Its turns, messages and summaries are lists of their own.",
    request: { params },
    responses: { 200: json(session, "The session") },
  }),
  change: defineRoute("patch", "/sessions/{session_id}", "Change a session's title", {
    id: "updateSession",
    tag,
    description: "A title that was set, or taken away, is not replaced by one that is made of a message.",
    request: { params, body: jsonBody(sessionChange) },
    responses: { 200: json(session, "The session") },
  }),
  remove: defineRoute("delete", "/sessions/{session_id}", "Delete a session", {
    id: "deleteSession",
    tag,
    description: "It disappears from every read at once. A running turn is still stored.",
    request: { params },
    responses: { 204: { description: "Gone from every read" } },
  }),
};

export function registerSessionRoutes(app: App, { db, now, newId, hosts, keepAlive }: Deps): void {
  app.post("/rooms/:room_id/sessions", emptyBodyAsObject);
  app.openapi(routes.start, async (c) => {
    const room = roomOf(c.var.user, c.req.valid("param"));
    const { title = null } = c.req.valid("json");
    const started = await insertSession(db, room, { id: newId(), title }, now());
    // Its first turn then meets an object that is there already. It needs none to be stored.
    keepAlive(
      hosts(started.id)
        .prepare()
        .catch(() => undefined),
    );
    return c.json(toSession(started), 201);
  });
  app.openapi(routes.list, async (c) => {
    const room = roomOf(c.var.user, c.req.valid("param"));
    return c.json(toPage(await loadSessions(db, room, c.req.valid("query")), toSession), 200);
  });
  app.openapi(routes.read, async (c) => {
    const { session_id } = c.req.valid("param");
    return c.json(toSession(await loadSession(db, c.var.user.userId, session_id)), 200);
  });
  app.openapi(routes.change, async (c) => {
    const { session_id } = c.req.valid("param");
    const { title } = c.req.valid("json");
    return c.json(toSession(await updateTitle(db, c.var.user.userId, session_id, title)), 200);
  });
  app.openapi(routes.remove, async (c) => {
    await softDeleteSession(db, c.var.user.userId, c.req.valid("param").session_id, now());
    return c.body(null, 204);
  });
}
