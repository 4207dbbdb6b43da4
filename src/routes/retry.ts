import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { emptyBodyAsObject } from "../http/json-body.ts";
import { json, optionalJsonBody } from "../http/responses.ts";
import { retryTurn } from "../turn/post.ts";
import { answerRun } from "./answer-run.ts";
import { eventStream } from "./schemas/event-stream.ts";
import { newRetry, runHeaders, turnAnswerHeaders, turnParams, turnRead } from "./schemas/turn.ts";
import { retryProblems } from "./turn-problems.ts";

const retry = defineRoute("post", "/sessions/{session_id}/turns/{turn_id}/retry", "Retry a turn", {
  id: "retryTurn",
  tag: "turns",
  description: "Runs only the agents that failed in the session's latest turn, as a further run of it.",
  request: { params: turnParams, headers: runHeaders, body: optionalJsonBody(newRetry) },
  responses: {
    200: eventStream,
    201: {
      ...json(turnRead, "The turn after the retry, also where its agents failed"),
      headers: turnAnswerHeaders,
    },
  },
  problems: retryProblems,
});

export function registerRetryRoutes(app: App, deps: Deps): void {
  app.use("/sessions/:session_id/turns/:turn_id/retry", emptyBodyAsObject);
  app.openapi(retry, async (c) => {
    const { session_id: sessionId, turn_id: turnId } = c.req.valid("param");
    const idempotencyKey = readIdempotencyKey(c.req.header("Idempotency-Key"));
    const { user, requestId, log } = c.var;
    const handle = retryTurn(deps, { user, sessionId, turnId, idempotencyKey, requestId, log });
    return answerRun(c, deps, { sessionId, handle });
  });
}
