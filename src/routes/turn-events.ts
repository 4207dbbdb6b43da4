import * as z from "zod";
import type { Deps } from "../deps.ts";
import { noTimings } from "../domain/turn/turn-timings.ts";
import { formatStoredRun } from "../http/ag-ui/ag-ui-stream.ts";
import { headers } from "../http/answer-header-schemas.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { readEventId } from "../http/event-id.ts";
import { eventStreamHeaders } from "../http/event-stream.ts";
import { watchTurn } from "../turn/watch.ts";
import { nameTurn } from "./name-turn.ts";
import { toRunResult } from "./run-result.ts";
import { toAgUiMessage } from "./schemas/ag-ui.ts";
import { eventStream } from "./schemas/event-stream.ts";
import { turnParams } from "./schemas/turn-request.ts";

const place = {
  description: "The id of the last event that the reader has; a header counts more than the query",
};

const events = defineRoute("get", "/sessions/{session_id}/turns/{turn_id}/events", "Follow a turn", {
  id: "followTurn",
  tag: "turns",
  description:
    "The events of the turn's latest run: from the beginning, or after the last one that the reader has.",
  request: {
    params: turnParams,
    query: z.strictObject({ after: z.string().max(100).optional().meta(place) }),
    headers: z.object({ "Last-Event-ID": z.string().optional().meta(place) }),
  },
  responses: {
    200: eventStream,
    204: { description: "The reader has the last event", headers: headers("Location", "Link") },
  },
  problems: ["invalid_event_id", "turn_in_progress", "too_many_readers"],
});

export function registerTurnEventRoutes(app: App, deps: Deps): void {
  app.openapi(events, async (c) => {
    const { session_id: sessionId, turn_id: turnId } = c.req.valid("param");
    const after = readEventId(c.req.header("Last-Event-ID") ?? c.req.valid("query").after);
    const { user, requestId, log } = c.var;
    const watcher = { user, requestId, log, sessionId, turnId, after, idempotencyKey: null };
    const found = await watchTurn(deps, watcher);
    nameTurn(c, { id: turnId, sessionId });
    switch (found.kind) {
      case "complete":
        return c.body(null, 204);
      case "streaming":
        return c.body(found.body, 200, eventStreamHeaders);
      case "stored": {
        const { runId, stored } = found;
        const result = toRunResult({ stored, replayed: true, timings: noTimings }, runId);
        const ids = { threadId: sessionId.toLowerCase(), runId };
        const messages = found.messages.map(toAgUiMessage);
        return c.body(formatStoredRun(runId, ids, { messages, result }), 200, eventStreamHeaders);
      }
    }
  });
}
