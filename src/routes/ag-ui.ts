import type { Context } from "hono";
import type * as z from "zod";
import { findOrStartSession } from "../db/rooms/thread-sessions.ts";
import type { Deps } from "../deps.ts";
import { createClientView, isOlderProtocol } from "../http/ag-ui/client-view.ts";
import { viewFrames } from "../http/ag-ui/view-frames.ts";
import type { App, AppEnv } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { eventStreamHeaders } from "../http/event-stream.ts";
import { limitBodyTo } from "../http/json-body.ts";
import { jsonBody } from "../http/responses.ts";
import { answerWithStream } from "./answer-run.ts";
import { labelsQuery, runAgentInput } from "./schemas/ag-ui.ts";
import { eventStream } from "./schemas/event-stream.ts";
import { roomOf, roomParams } from "./schemas/room.ts";
import { sessionParams } from "./schemas/session.ts";
import { stockQuery } from "./schemas/stock-query.ts";
import { postStockTurn, stockBodyBytes } from "./stock-turn.ts";
import { stockTurnProblems } from "./turn-problems.ts";

const common = {
  tag: "stock clients",
  responses: { 200: eventStream },
  problems: stockTurnProblems,
} as const;
const body = jsonBody(runAgentInput);
const query = labelsQuery.extend(stockQuery("continue").shape);

const routes = {
  run: defineRoute("post", "/sessions/{session_id}/ag-ui", "Run a turn, for stock AG-UI clients", {
    ...common,
    id: "runAgUi",
    description:
      "AG-UI's own request, answered with a stream. A message that was answered before calls no model: its answer comes again.",
    request: { params: sessionParams, query, body },
  }),
  runInRoom: defineRoute("post", "/rooms/{room_id}/ag-ui", "Run a turn in the session of a thread", {
    ...common,
    id: "runAgUiInRoom",
    description: "The same in the session of this room and `threadId`, which is started where there is none.",
    request: { params: roomParams, query, body },
  }),
};

/** Must be registered before the limit of all other bodies. */
export function registerAgUiRoutes(app: App, deps: Deps): void {
  app.use("/sessions/:session_id/ag-ui", limitBodyTo(stockBodyBytes));
  app.use("/rooms/:room_id/ag-ui", limitBodyTo(stockBodyBytes));
  app.openapi(routes.run, async (c) => {
    const { session_id: sessionId } = c.req.valid("param");
    return runFor(c, deps, { sessionId, input: c.req.valid("json"), ...c.req.valid("query") });
  });
  app.openapi(routes.runInRoom, async (c) => {
    const input = c.req.valid("json");
    const thread = {
      ...roomOf(c.var.user, c.req.valid("param")),
      threadHash: await deps.digest(input.threadId),
    };
    const started = { id: deps.newId(), now: deps.now() };
    const sessionId = await findOrStartSession(deps.db, thread, started);
    return runFor(c, deps, { sessionId, input, ...c.req.valid("query") });
  });
}

type AgUiRun = {
  sessionId: string;
  input: z.output<typeof runAgentInput>;
} & z.output<typeof query>;

async function runFor(c: Context<AppEnv>, deps: Deps, { sessionId, input, ...choices }: AgUiRun) {
  const { threadId, runId, message, messageId, userMessages, protocolVersion } = input;
  // Stock clients make a new run id for each request, also where they ask for an answer again.
  const named = messageId === null ? { runId } : { messageId, message };
  const idempotencyKey = `ag-ui:${await deps.digest(JSON.stringify(named))}`;
  const handle = postStockTurn(c, deps, { sessionId, message, idempotencyKey }, choices);
  const client = { ids: { threadId, runId }, userMessages };
  const answer = await answerWithStream(c, deps, { sessionId, handle }, client);
  const view = createClientView({
    isOlder: isOlderProtocol(protocolVersion),
    hasLabels: choices.labels === "on",
  });
  if (view === null || answer.body === null) return answer;
  return c.body(answer.body.pipeThrough(viewFrames(view)), 200, eventStreamHeaders);
}
