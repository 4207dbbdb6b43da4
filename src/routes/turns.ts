import type { Deps } from "../deps.ts";
import type { ErrorCode } from "../domain/errors.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { limitBodyTo } from "../http/json-body.ts";
import { eventStream, json, jsonBody } from "../http/responses.ts";
import { postTurn } from "../turn/post.ts";
import { answerRun } from "./answer-run.ts";
import { sessionParams } from "./schemas/session.ts";
import { newTurn, runHeaders, turnAnswerHeaders, turnRead } from "./schemas/turn.ts";

/** What can be wrong with a turn beside what any request can get wrong. */
export const turnProblems = [
  "invalid_idempotency_key",
  "turn_conflict",
  "turn_in_progress",
  "idempotency_key_reused",
  "unknown_model",
  "no_valid_tagged_agents",
  "no_room_agents",
  "context_budget_exceeded",
  "rate_limited",
  "commit_failed",
] as const satisfies ErrorCode[];

const post = defineRoute("post", "/sessions/{session_id}/turns", "Run a turn", {
  tag: "turns",
  description: "With `Accept: text/event-stream` it is told as it happens.",
  request: { params: sessionParams, headers: runHeaders, body: jsonBody(newTurn) },
  responses: {
    200: eventStream,
    201: {
      ...json(turnRead, "The stored turn, whether its agents answered or not"),
      headers: turnAnswerHeaders,
    },
  },
  problems: turnProblems,
});

/** The longest message, each of its characters an escaped pair of surrogates (12 bytes), and what stands beside it. */
const bodyLimitBytes = 400 * 1024;

/** To be registered before the limit that all other bodies have. */
export function registerTurnRoutes(app: App, deps: Deps): void {
  app.use("/sessions/:session_id/turns", limitBodyTo(bodyLimitBytes));
  app.openapi(post, async (c) => {
    const { session_id: sessionId } = c.req.valid("param");
    const { message, model_alias_override: modelAliasOverride } = c.req.valid("json");
    const begun = postTurn(deps, {
      user: c.var.user,
      sessionId,
      log: c.var.log,
      request: { message, ...(modelAliasOverride === undefined ? {} : { modelAliasOverride }) },
      idempotencyKey: readIdempotencyKey(c.req.header("Idempotency-Key")),
    });
    return answerRun(c, deps, { sessionId, begun });
  });
}
