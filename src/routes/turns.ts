import type { Context } from "hono";
import type * as z from "zod";
import type { Deps } from "../deps.ts";
import type { App, AppEnv } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { limitBodyTo } from "../http/json-body.ts";
import { json, jsonBody } from "../http/responses.ts";
import { postTurn } from "../turn/post.ts";
import type { WhenBusy } from "../turn/run.ts";
import { answerAtOnce, answerWithStream, answerWithTurn } from "./answer-run.ts";
import { eventStream } from "./schemas/event-stream.ts";
import { sessionParams } from "./schemas/session.ts";
import { turnAnswerHeaders, turnRead } from "./schemas/turn.ts";
import { pendingAnswer } from "./schemas/turn-pending.ts";
import { newQueuedTurn, newTurn, runHeaders } from "./schemas/turn-request.ts";
import { turnProblems } from "./turn-problems.ts";

const common = {
  tag: "turns",
  request: { params: sessionParams, headers: runHeaders, body: jsonBody(newTurn) },
  problems: turnProblems,
};

const routes = {
  post: defineRoute("post", "/sessions/{session_id}/turns", "Run a turn", {
    ...common,
    id: "createTurn",
    description:
      "Sends a message to the room and waits for the answers. The room's mode decides who answers.",
    responses: {
      201: {
        ...json(turnRead, "The stored turn, also where its agents failed"),
        headers: turnAnswerHeaders,
      },
      202: pendingAnswer,
    },
  }),
  queue: defineRoute("post", "/sessions/{session_id}/turns/queue", "Run a turn, or have it wait", {
    ...common,
    request: { ...common.request, body: jsonBody(newQueuedTurn) },
    id: "queueTurn",
    description:
      "Sends a message to the room, and does not wait for the answers. The turn runs now if the session is free, else after those that wait.",
    responses: { 202: pendingAnswer },
  }),
  stream: defineRoute("post", "/sessions/{session_id}/turns/stream", "Run a turn and stream its events", {
    ...common,
    id: "streamTurn",
    description: "Sends a message to the room, and answers with the events of the turn while it runs.",
    responses: { 200: eventStream },
  }),
};

/** The longest message, with 12 bytes a character (an escaped pair of surrogates), and the other fields. */
const bodyLimitBytes = 400 * 1024;

/** Must be registered before the limit of all other bodies. */
export function registerTurnRoutes(app: App, deps: Deps): void {
  app.use("/sessions/:session_id/turns", limitBodyTo(bodyLimitBytes));
  app.use("/sessions/:session_id/turns/stream", limitBodyTo(bodyLimitBytes));
  app.use("/sessions/:session_id/turns/queue", limitBodyTo(bodyLimitBytes));
  const postFor = (
    c: Context<AppEnv>,
    params: z.output<typeof sessionParams>,
    body: z.output<typeof newQueuedTurn>,
    whenBusy: WhenBusy | undefined,
  ) => {
    const { session_id: sessionId } = params;
    const { message, model_alias_override: modelAliasOverride, max_credits: maxCredits } = body;
    const { user, requestId, log } = c.var;
    const request = {
      message,
      ...(modelAliasOverride === undefined ? {} : { modelAliasOverride }),
      ...(maxCredits === undefined ? {} : { maxCredits }),
    };
    const idempotencyKey = readIdempotencyKey(c.req.header("Idempotency-Key"));
    const handle = postTurn(deps, { user, sessionId, requestId, log, request, idempotencyKey }, whenBusy);
    return { sessionId, handle };
  };
  app.openapi(routes.post, async (c) => {
    const { when_busy: whenBusy, ...body } = c.req.valid("json");
    return answerWithTurn(c, deps, postFor(c, c.req.valid("param"), body, whenBusy));
  });
  app.openapi(routes.queue, async (c) =>
    answerAtOnce(c, deps, postFor(c, c.req.valid("param"), c.req.valid("json"), "queue")),
  );
  app.openapi(routes.stream, async (c) => {
    const { when_busy: whenBusy, ...body } = c.req.valid("json");
    return answerWithStream(c, deps, postFor(c, c.req.valid("param"), body, whenBusy));
  });
}
