import { findLiveTurn } from "../db/turn/turn-state.ts";
import type { Deps } from "../deps.ts";
import { noTimings } from "../domain/turn/turn-timings.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { limitBodyTo } from "../http/json-body.ts";
import { jsonBody } from "../http/responses.ts";
import { createUiMessageStream, uiMessageStreamHeaders } from "../http/ui-messages/ui-message-stream.ts";
import { watchTurn } from "../turn/watch.ts";
import { cancelOnDisconnect } from "./on-disconnect.ts";
import { labelsQuery } from "./schemas/ag-ui.ts";
import { sessionParams } from "./schemas/session.ts";
import { stockQuery } from "./schemas/stock-query.ts";
import { chatParams, uiMessageStream, uiMessagesRequest } from "./schemas/ui-messages.ts";
import { postStockTurn, stockBodyBytes } from "./stock-turn.ts";
import { type StreamForm, streamEvents, streamRun, streamStored } from "./stream-answer.ts";
import { stockTurnProblems } from "./turn-problems.ts";

const tag = "stock clients";
const query = labelsQuery.extend(stockQuery("continue").shape);

const routes = {
  run: defineRoute("post", "/sessions/{session_id}/ui-messages", "Run a turn, for the AI SDK", {
    id: "runUiMessages",
    tag,
    description:
      "The request of the AI SDK's DefaultChatTransport, answered with its stream. A message that was answered before calls no model: its answer comes again.",
    request: { params: sessionParams, query, body: jsonBody(uiMessagesRequest) },
    responses: { 200: uiMessageStream },
    problems: stockTurnProblems,
  }),
  resume: defineRoute(
    "get",
    "/sessions/{session_id}/ui-messages/{chat_id}/stream",
    "Follow the running turn, for the AI SDK",
    {
      id: "resumeUiMessages",
      tag,
      description: "The turn that the session is executing, from its beginning.",
      request: { params: chatParams, query: query.omit({ when_busy: true }) },
      responses: { 200: uiMessageStream, 204: { description: "No turn is running" } },
      problems: ["turn_in_progress", "too_many_readers"],
    },
  ),
};

const formOf = (turnId: string, sessionId: string, labels: "on" | "off" | undefined): StreamForm => ({
  write: createUiMessageStream({ turnId, sessionId: sessionId.toLowerCase(), hasLabels: labels === "on" }),
  headers: uiMessageStreamHeaders,
});

/** Must be registered before the limit of all other bodies. */
export function registerUiMessageRoutes(app: App, deps: Deps): void {
  app.use("/sessions/:session_id/ui-messages", limitBodyTo(stockBodyBytes));
  app.openapi(routes.run, async (c) => {
    const { session_id: sessionId } = c.req.valid("param");
    const { message, messageId, messages } = c.req.valid("json");
    const { labels, ...choices } = c.req.valid("query");
    // A message without an id is known by the conversation before it.
    const named = messageId === null ? { messages } : { messageId, message };
    const idempotencyKey = `ui:${await deps.digest(JSON.stringify(named))}`;
    const handle = postStockTurn(c, deps, { sessionId, message, idempotencyKey }, choices);
    return streamRun(c, deps, handle, ({ turnId }) => formOf(turnId, sessionId, labels));
  });
  app.openapi(routes.resume, async (c) => {
    const { session_id: sessionId } = c.req.valid("param");
    const { user, requestId, log } = c.var;
    const turnId = await findLiveTurn(deps.db, { sessionId, userId: user.userId });
    if (turnId === undefined) return c.body(null, 204);
    const watcher = { user, requestId, log, sessionId, turnId, after: null, idempotencyKey: null };
    const found = await watchTurn(deps, watcher);
    const turn = Promise.resolve({ turnId });
    const { on_disconnect: action, labels } = c.req.valid("query");
    cancelOnDisconnect(c, deps, { sessionId, turn, action });
    const form = formOf(turnId, sessionId, labels);
    switch (found.kind) {
      case "complete":
        return c.body(null, 204);
      case "streaming":
        return streamEvents(c, found.body, form);
      case "stored": {
        const answer = { stored: found.stored, replayed: true, timings: noTimings };
        return streamStored(c, { runId: found.runId, answer }, form);
      }
    }
  });
}
