import type { Context } from "hono";
import type * as z from "zod";
import type { Deps } from "../deps.ts";
import type { App, AppEnv } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { emptyBodyAsObject } from "../http/json-body.ts";
import { json, optionalJsonBody } from "../http/responses.ts";
import { retryTurn } from "../turn/post.ts";
import { answerWithStream, answerWithTurn } from "./answer-run.ts";
import { eventStream } from "./schemas/event-stream.ts";
import { turnAnswerHeaders, turnRead } from "./schemas/turn.ts";
import { pendingAnswer } from "./schemas/turn-pending.ts";
import { newRetry, runHeaders, turnParams } from "./schemas/turn-request.ts";
import { retryProblems } from "./turn-problems.ts";

const common = {
  tag: "turns",
  request: { params: turnParams, headers: runHeaders, body: optionalJsonBody(newRetry) },
  problems: retryProblems,
};

const routes = {
  retry: defineRoute("post", "/sessions/{session_id}/turns/{turn_id}/retry", "Retry a turn", {
    ...common,
    id: "retryTurn",
    description: "Runs only the agents that failed in the session's latest turn, as a further run of it.",
    responses: {
      201: {
        ...json(turnRead, "The turn after the retry, also where its agents failed"),
        headers: turnAnswerHeaders,
      },
      202: pendingAnswer,
    },
  }),
  stream: defineRoute(
    "post",
    "/sessions/{session_id}/turns/{turn_id}/retry/stream",
    "Retry a turn and stream its events",
    {
      ...common,
      id: "streamRetry",
      description: "The same retry, answered with the events of its run.",
      responses: { 200: eventStream },
    },
  ),
};

export function registerRetryRoutes(app: App, deps: Deps): void {
  app.use("/sessions/:session_id/turns/:turn_id/retry", emptyBodyAsObject);
  app.use("/sessions/:session_id/turns/:turn_id/retry/stream", emptyBodyAsObject);
  const retryFor = (c: Context<AppEnv>, params: z.output<typeof turnParams>) => {
    const { session_id: sessionId, turn_id: turnId } = params;
    const idempotencyKey = readIdempotencyKey(c.req.header("Idempotency-Key"));
    const { user, requestId, log } = c.var;
    const handle = retryTurn(deps, { user, sessionId, turnId, idempotencyKey, requestId, log });
    return { sessionId, handle };
  };
  app.openapi(routes.retry, async (c) => answerWithTurn(c, deps, retryFor(c, c.req.valid("param"))));
  app.openapi(routes.stream, async (c) => answerWithStream(c, deps, retryFor(c, c.req.valid("param"))));
}
