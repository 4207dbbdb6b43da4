import { loadTranscript, softDeleteMessage } from "../db/rooms/messages.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { pageOf } from "../http/schemas.ts";
import { message, messageParams, toMessage, transcriptQuery } from "./schemas/message.ts";
import { toPage } from "./schemas/page.ts";
import { sessionOf, sessionParams } from "./schemas/session.ts";
import { toOrderedPage } from "./schemas/turn-order.ts";

const tag = "sessions";

const routes = {
  list: defineRoute("get", "/sessions/{session_id}/messages", "Read the transcript", {
    id: "listMessages",
    tag,
    description: "By `seq`: with `order=asc` page on with `after`, with `order=desc` with `before`.",
    request: { params: sessionParams, query: transcriptQuery },
    responses: { 200: json(pageOf(message), "A page of messages; long texts end it before `limit`") },
  }),
  remove: defineRoute("delete", "/sessions/{session_id}/messages/{message_id}", "Delete a message", {
    id: "deleteMessage",
    tag,
    description:
      "No read and no later prompt has its text. What it cost stays on record, and so does a summary that was made of it.",
    request: { params: messageParams },
    responses: { 204: { description: "The message is deleted" } },
  }),
};

export function registerMessageRoutes(app: App, { db, now }: Deps): void {
  app.openapi(routes.list, async (c) => {
    const { include, ...page } = c.req.valid("query");
    const request = { ...toOrderedPage(page), includesSuperseded: include === "superseded" };
    const found = await loadTranscript(db, sessionOf(c.var.user, c.req.valid("param")), request);
    return c.json(toPage(found, toMessage), 200);
  });
  app.openapi(routes.remove, async (c) => {
    const params = c.req.valid("param");
    await softDeleteMessage(db, sessionOf(c.var.user, params), params.message_id, now());
    return c.body(null, 204);
  });
}
