import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { limitBodyTo } from "../http/json-body.ts";
import { json, jsonBody } from "../http/responses.ts";
import { postTurn } from "../turn/post.ts";
import { answerRun } from "./answer-run.ts";
import { eventStream } from "./schemas/event-stream.ts";
import { sessionParams } from "./schemas/session.ts";
import { newTurn, runHeaders, turnAnswerHeaders, turnRead } from "./schemas/turn.ts";
import { turnProblems } from "./turn-problems.ts";

const post = defineRoute("post", "/sessions/{session_id}/turns", "Run a turn", {
  id: "createTurn",
  tag: "turns",
  description: [
    "Sends a message to the room and waits for the answers. The room's mode decides who answers.",
    "With `Accept: text/event-stream` the answer is a stream of its events.",
  ].join(" "),
  request: { params: sessionParams, headers: runHeaders, body: jsonBody(newTurn) },
  responses: {
    200: eventStream,
    201: {
      ...json(turnRead, "The stored turn, also where its agents failed"),
      headers: turnAnswerHeaders,
    },
  },
  problems: turnProblems,
});

/** The longest message, with 12 bytes a character (an escaped pair of surrogates), and the other fields. */
const bodyLimitBytes = 400 * 1024;

/** Must be registered before the limit of all other bodies. */
export function registerTurnRoutes(app: App, deps: Deps): void {
  app.use("/sessions/:session_id/turns", limitBodyTo(bodyLimitBytes));
  app.openapi(post, async (c) => {
    const { session_id: sessionId } = c.req.valid("param");
    const {
      message,
      model_alias_override: modelAliasOverride,
      max_credits: maxCredits,
    } = c.req.valid("json");
    const handle = postTurn(deps, {
      user: c.var.user,
      sessionId,
      requestId: c.var.requestId,
      log: c.var.log,
      request: {
        message,
        ...(modelAliasOverride === undefined ? {} : { modelAliasOverride }),
        ...(maxCredits === undefined ? {} : { maxCredits }),
      },
      idempotencyKey: readIdempotencyKey(c.req.header("Idempotency-Key")),
    });
    return answerRun(c, deps, { sessionId, handle });
  });
}
