import * as z from "zod";
import { loadSession } from "../db/rooms/sessions.ts";
import { findSession } from "../db/rooms/thread-sessions.ts";
import { type LatestMessage, loadLatestMessages } from "../db/turn/latest-messages.ts";
import type { Deps } from "../deps.ts";
import { labelMessages } from "../http/ag-ui/ag-ui-labels.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { labelsQuery, toAgUiMessage } from "./schemas/ag-ui.ts";
import { messagesSnapshotEvent } from "./schemas/event-stream.ts";
import { roomOf, roomParams } from "./schemas/room.ts";
import { sessionOf, sessionParams } from "./schemas/session.ts";

const tag = "stock clients";
const responses = { 200: json(messagesSnapshotEvent, "The latest 400 messages, oldest first") };
const threadQuery = labelsQuery.extend({
  thread_id: z.string().max(1_000).default("").describe("The client's own id of the conversation"),
});

const routes = {
  ofSession: defineRoute("get", "/sessions/{session_id}/ag-ui", "Read a session as AG-UI messages", {
    id: "getAgUiHistory",
    tag,
    description: "For a stock client that opens a conversation again.",
    request: { params: sessionParams, query: labelsQuery },
    responses,
  }),
  ofThread: defineRoute("get", "/rooms/{room_id}/ag-ui", "Read a thread as AG-UI messages", {
    id: "getAgUiHistoryInRoom",
    tag,
    description: "The same of the session of this room and thread; empty where there is none.",
    request: { params: roomParams, query: threadQuery },
    responses,
  }),
};

export function registerAgUiHistoryRoutes(app: App, deps: Deps): void {
  const { db, digest } = deps;
  app.openapi(routes.ofSession, async (c) => {
    const session = sessionOf(c.var.user, c.req.valid("param"));
    const [, rows] = await Promise.all([
      loadSession(db, session.userId, session.sessionId),
      loadLatestMessages(db, session),
    ]);
    return c.json(toSnapshot(rows, c.req.valid("query").labels), 200);
  });
  app.openapi(routes.ofThread, async (c) => {
    const room = roomOf(c.var.user, c.req.valid("param"));
    const { thread_id: threadId, labels } = c.req.valid("query");
    const sessionId = await findSession(db, { ...room, threadHash: await digest(threadId) });
    const rows = sessionId === undefined ? [] : await loadLatestMessages(db, { ...room, sessionId });
    return c.json(toSnapshot(rows, labels), 200);
  });
}

function toSnapshot(rows: readonly LatestMessage[], labels: "on" | "off" | undefined) {
  const messages = rows.map(toAgUiMessage);
  const shown = labels === "on" ? labelMessages(messages) : messages;
  return messagesSnapshotEvent.parse({ type: "MESSAGES_SNAPSHOT", messages: shown });
}
