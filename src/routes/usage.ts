import * as z from "zod";
import { loadUsage, type UsageScope } from "../db/budgets/usage.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";
import { pageOf } from "../http/schemas.ts";
import { roomParams } from "./schemas/room.ts";
import { sessionParams } from "./schemas/session.ts";
import {
  toCsv,
  toUsageItem,
  toUsagePage,
  toUsageRequest,
  usageCsvQuery,
  usageItem,
  usageQuery,
} from "./schemas/usage.ts";

const tag = "money";
const page = pageOf(usageItem);
const responses = { 200: json(page, "A page of groups, by key; their sum is the ledger's") };
const query = usageQuery;

const routes = {
  own: defineRoute("get", "/usage", "Read what you spent", {
    id: "getUsage",
    description: "Calls, tokens and credits by group. Of deleted rooms too.",
    tag,
    request: { query },
    responses,
  }),
  csv: defineRoute("get", "/usage.csv", "Read what you spent, as CSV", {
    id: "getUsageCsv",
    description: "All groups in one file, at most 10,000.",
    tag,
    request: { query: usageCsvQuery },
    responses: {
      200: { description: "A line for each group, by key", content: { "text/csv": { schema: z.string() } } },
    },
  }),
  room: defineRoute("get", "/rooms/{room_id}/usage", "Read what a room spent", {
    id: "getRoomUsage",
    description: "As GET /usage, of one room.",
    tag,
    request: { params: roomParams, query },
    responses,
  }),
  session: defineRoute("get", "/sessions/{session_id}/usage", "Read what a session spent", {
    id: "getSessionUsage",
    description: "As GET /usage, of one session.",
    tag,
    request: { params: sessionParams, query },
    responses,
  }),
};

/** Lines of one file. */
const maxCsvRows = 10_000;

export function registerUsageRoutes(app: App, { db }: Deps): void {
  const readPage = async (scope: UsageScope, { limit, after, ...asked }: z.output<typeof usageQuery>) => {
    const found = await loadUsage(db, scope, { ...toUsageRequest(asked), limit, after });
    return toUsagePage(found, (row) => toUsageItem(asked.group_by, row));
  };
  app.openapi(routes.own, async (c) => {
    return c.json(await readPage({ kind: "user", userId: c.var.user.userId }, c.req.valid("query")), 200);
  });
  app.openapi(routes.csv, async (c) => {
    const asked = c.req.valid("query");
    const scope: UsageScope = { kind: "user", userId: c.var.user.userId };
    const { rows, hasMore } = await loadUsage(db, scope, { ...toUsageRequest(asked), limit: maxCsvRows });
    if (hasMore) throw new PantheonError("validation_failed", `There are more than ${maxCsvRows} groups.`);
    return c.body(toCsv(asked.group_by, rows), 200, csvHeaders);
  });
  app.openapi(routes.room, async (c) => {
    const scope = { kind: "room", userId: c.var.user.userId, roomId: c.req.valid("param").room_id } as const;
    return c.json(await readPage(scope, c.req.valid("query")), 200);
  });
  app.openapi(routes.session, async (c) => {
    const { session_id: sessionId } = c.req.valid("param");
    const scope = { kind: "session", userId: c.var.user.userId, sessionId } as const;
    return c.json(await readPage(scope, c.req.valid("query")), 200);
  });
}

const csvHeaders = {
  "Content-Type": "text/csv; charset=utf-8",
  "Content-Disposition": 'attachment; filename="usage.csv"',
};
