import * as z from "zod";
import { loadSummaries } from "../db/rooms/summaries.ts";
import { loadTurns } from "../db/turn/list-turns.ts";
import { loadTurn } from "../db/turn/turns.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { pageOf, pageQuery } from "../http/schemas.ts";
import { toPage } from "./schemas/page.ts";
import { sessionOf, sessionParams } from "./schemas/session.ts";
import { summary, toSummary } from "./schemas/summary.ts";
import { toListedTurn, turnRead } from "./schemas/turn.ts";
import { toTurnDetail, turnDetail } from "./schemas/turn-detail.ts";
import { refuseOtherCursor, toOrderedPage, turnOrderQuery } from "./schemas/turn-order.ts";
import { toTurnPending, turnPending } from "./schemas/turn-pending.ts";
import { turnParams } from "./schemas/turn-request.ts";

const tag = "turns";
const params = sessionParams;

const routes = {
  list: defineRoute(
    "get",
    "/sessions/{session_id}/turns",
    "List the stored turns of a session, first turn or last turn first",
    {
      id: "listTurns",
      tag,
      description: "A turn that is running is not among them.",
      request: { params, query: turnOrderQuery.superRefine(refuseOtherCursor) },
      responses: { 200: json(pageOf(turnRead), "A page of turns; long texts end it before `limit`") },
    },
  ),
  read: defineRoute("get", "/sessions/{session_id}/turns/{turn_id}", "Read a turn with its audit", {
    id: "getTurn",
    tag,
    description:
      "Its messages, model calls, tool calls, and what each agent was sent; until it is stored, its state.",
    request: { params: turnParams },
    responses: {
      200: json(z.union([turnDetail, turnPending]), "The turn, or its state where it is not stored"),
    },
  }),
  summaries: defineRoute(
    "get",
    "/sessions/{session_id}/summaries",
    "List a session's summaries, newest first",
    {
      id: "listSummaries",
      tag,
      description: "Later prompts have the latest one in the place of the messages that it covers.",
      request: { params, query: pageQuery },
      responses: { 200: json(pageOf(summary), "A page of summaries; long texts end it before `limit`") },
    },
  ),
};

export function registerTurnHistoryRoutes(app: App, { db }: Deps): void {
  app.openapi(routes.list, async (c) => {
    const session = sessionOf(c.var.user, c.req.valid("param"));
    const page = await loadTurns(db, session, toOrderedPage(c.req.valid("query")));
    return c.json(toPage(page, toListedTurn), 200);
  });
  app.openapi(routes.read, async (c) => {
    const params = c.req.valid("param");
    const found = await loadTurn(db, sessionOf(c.var.user, params), params.turn_id);
    if (found.kind === "pending") return c.json(toTurnPending(found.pending), 200);
    return c.json({ ...toTurnDetail(found.stored), ...(found.isRetrying ? { retrying: true } : {}) }, 200);
  });
  app.openapi(routes.summaries, async (c) => {
    const session = sessionOf(c.var.user, c.req.valid("param"));
    const page = await loadSummaries(db, session, c.req.valid("query"));
    return c.json(toPage(page, toSummary), 200);
  });
}
