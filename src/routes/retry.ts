import { beginRetry } from "../actions/retry-turn.ts";
import type { App } from "../app.ts";
import type { Deps } from "../deps.ts";
import { emitNothing } from "../domain/turn-events.ts";
import { defineRoute } from "../http/define-route.ts";
import { readIdempotencyKey } from "../http/idempotency-key.ts";
import { readNothingAsEmptyObject } from "../http/json-body.ts";
import { json, optionalJsonBody } from "../http/responses.ts";
import { formatServerTiming } from "../http/server-timing.ts";
import { newRetry, toTurnRead, turnParams, turnRead } from "./schemas/turn.ts";

const retry = defineRoute("post", "/sessions/{session_id}/turns/{turn_id}/retry", "Retry a turn", {
  tag: "turns",
  description: "Runs only the agents that failed in the session's latest turn, as a further run of it.",
  request: { params: turnParams, body: optionalJsonBody(newRetry) },
  responses: {
    201: json(turnRead, "The turn as it stands after the retry, whether its agents answered or not"),
  },
  problems: [
    "invalid_idempotency_key",
    "turn_conflict",
    "turn_in_progress",
    "not_latest_turn",
    "nothing_to_retry",
    "idempotency_key_reused",
    "context_budget_exceeded",
    "commit_failed",
  ],
});

export function registerRetryRoutes(app: App, deps: Deps): void {
  app.use("/sessions/:session_id/turns/:turn_id/retry", readNothingAsEmptyObject);
  app.openapi(retry, async (c) => {
    const { session_id: sessionId, turn_id: turnId } = c.req.valid("param");
    const idempotencyKey = readIdempotencyKey(c.req.header("Idempotency-Key"));
    const { user, log } = c.var;
    const begun = beginRetry(deps, { user, sessionId, turnId, idempotencyKey, log });
    const work = begun.then((run) => (run.kind === "replay" ? run.posted : run.finish(emitNothing)));
    deps.keepAlive(work.catch(() => undefined));
    const { stored, timings, replayed } = await work;
    c.header("Server-Timing", formatServerTiming(timings));
    if (replayed) c.header("Idempotency-Replayed", "true");
    return c.json(toTurnRead(stored), 201);
  });
}
