import { postTurn } from "../actions/post-turn.ts";
import type { App } from "../app.ts";
import type { Deps } from "../deps.ts";
import { defineRoute } from "../http/define-route.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { json, jsonBody } from "../http/responses.ts";
import { formatServerTiming } from "../http/server-timing.ts";
import { sessionParams } from "./schemas/session.ts";
import { newTurn, toTurnRead, turnRead } from "./schemas/turn.ts";

const post = defineRoute("post", "/sessions/{session_id}/turns", "Run a turn", {
  tag: "turns",
  request: { params: sessionParams, body: jsonBody(newTurn) },
  responses: { 201: json(turnRead, "The stored turn, whether its agents answered or not") },
  problems: [
    "invalid_idempotency_key",
    "turn_conflict",
    "turn_in_progress",
    "idempotency_key_reused",
    "unknown_model",
    "no_valid_tagged_agents",
    "no_room_agents",
    "context_budget_exceeded",
    "commit_failed",
  ],
});

export function registerTurnRoutes(app: App, deps: Deps): void {
  app.openapi(post, async (c) => {
    const { message, model_alias_override: modelAliasOverride } = c.req.valid("json");
    const work = postTurn(deps, {
      user: c.var.user,
      sessionId: c.req.valid("param").session_id,
      request: { message, ...(modelAliasOverride === undefined ? {} : { modelAliasOverride }) },
      idempotencyKey: readIdempotencyKey(c.req.header("Idempotency-Key")),
      log: c.var.log,
    });
    deps.keepAlive(work.catch(() => undefined));
    const { stored, timings, replayed } = await work;
    c.header("Server-Timing", formatServerTiming(timings));
    if (replayed) c.header("Idempotency-Replayed", "true");
    return c.json(toTurnRead(stored), 201);
  });
}
