import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { limitBodyTo } from "../http/json-body.ts";
import { jsonBody } from "../http/responses.ts";
import { postTurn } from "../turn/post.ts";
import { answerWithStream } from "./answer-run.ts";
import { runAgentInput } from "./schemas/ag-ui.ts";
import { eventStream } from "./schemas/event-stream.ts";
import { sessionParams } from "./schemas/session.ts";
import { turnProblems } from "./turn-problems.ts";

const run = defineRoute("post", "/sessions/{session_id}/ag-ui", "Run a turn, for stock AG-UI clients", {
  id: "runAgUi",
  tag: "turns",
  description: "As POST …/turns, with AG-UI's own request; always answered with a stream.",
  request: { params: sessionParams, body: jsonBody(runAgentInput) },
  responses: { 200: eventStream },
  problems: turnProblems,
});

/** Stock clients send their whole history. Only its last user message is read as the turn's. */
const bodyLimitBytes = 4 * 1024 * 1024;

/** Must be registered before the limit of all other bodies. */
export function registerAgUiRoute(app: App, deps: Deps): void {
  app.use("/sessions/:session_id/ag-ui", limitBodyTo(bodyLimitBytes));
  app.openapi(run, async (c) => {
    const { session_id: sessionId } = c.req.valid("param");
    const { threadId, runId, message, userMessages } = c.req.valid("json");
    const handle = postTurn(deps, {
      user: c.var.user,
      sessionId,
      requestId: c.var.requestId,
      log: c.var.log,
      request: { message },
      idempotencyKey: readIdempotencyKey(runId),
    });
    return answerWithStream(c, deps, { sessionId, handle }, { ids: { threadId, runId }, userMessages });
  });
}
