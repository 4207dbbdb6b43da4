import type { Context } from "hono";
import { type BudgetRequest, changeBudget } from "../actions/change-budget.ts";
import { loadBudgets } from "../db/budgets/budgets.ts";
import type { Deps } from "../deps.ts";
import type { App, AppEnv } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json, jsonBody } from "../http/responses.ts";
import { pageOf, pageQuery } from "../http/schemas.ts";
import { budget, budgetPeriod, newBudget, toBudget } from "./schemas/money.ts";
import { toPage } from "./schemas/page.ts";
import { roomParams } from "./schemas/room.ts";
import { sessionParams } from "./schemas/session.ts";

const tag = "money";
const responses = { 200: json(budget, "The budget, in its current period") };
const problems = ["budget_set_by_operator"] as const;
const ofRoom = { params: roomParams };
const ofSession = { params: sessionParams };
const body = jsonBody(newBudget);
const query = budgetPeriod;

const routes = {
  list: defineRoute("get", "/budgets", "List your budgets, and those of your rooms and sessions", {
    id: "listBudgets",
    tag,
    description: "Each in its current period, by id. The wallet is your budget of the period `ever`.",
    request: { query: pageQuery },
    responses: { 200: json(pageOf(budget), "A page of budgets") },
  }),
  limitRoom: defineRoute("put", "/rooms/{room_id}/budget", "Limit what a room may spend", {
    id: "setRoomBudget",
    description: "What was spent in the current period before counts. A running turn keeps what it holds.",
    ...{ tag, responses, problems },
    request: { ...ofRoom, body },
  }),
  freeRoom: defineRoute("delete", "/rooms/{room_id}/budget", "End a limit of a room; its counters stay", {
    id: "deleteRoomBudget",
    description: "Of the period that `period` names.",
    ...{ tag, responses, problems },
    request: { ...ofRoom, query },
  }),
  limitSession: defineRoute("put", "/sessions/{session_id}/budget", "Limit what a session may spend", {
    id: "setSessionBudget",
    description: "What was spent in the current period before counts. A running turn keeps what it holds.",
    ...{ tag, responses, problems },
    request: { ...ofSession, body },
  }),
  freeSession: defineRoute("delete", "/sessions/{session_id}/budget", "End a limit of a session", {
    id: "deleteSessionBudget",
    ...{ tag, responses, problems },
    description: "Of the period that `period` names. Its counters stay.",
    request: { ...ofSession, query },
  }),
};

export function registerBudgetRoutes(app: App, deps: Deps): void {
  const change = async (c: Context<AppEnv>, request: Omit<BudgetRequest, "as">) =>
    toBudget(await changeBudget(deps, c.var.user, { ...request, as: "owner" }));
  app.openapi(routes.list, async (c) => {
    const page = await loadBudgets(deps.db, c.var.user.userId, c.req.valid("query"));
    return c.json(toPage(page, toBudget), 200);
  });
  app.openapi(routes.limitRoom, async (c) => {
    const { period, limit_credits: limit } = c.req.valid("json");
    const target = { scope: "room", id: c.req.valid("param").room_id } as const;
    return c.json(await change(c, { target, period, limit }), 200);
  });
  app.openapi(routes.freeRoom, async (c) => {
    const target = { scope: "room", id: c.req.valid("param").room_id } as const;
    return c.json(await change(c, { target, ...c.req.valid("query"), limit: null }), 200);
  });
  app.openapi(routes.limitSession, async (c) => {
    const { period, limit_credits: limit } = c.req.valid("json");
    const target = { scope: "session", id: c.req.valid("param").session_id } as const;
    return c.json(await change(c, { target, period, limit }), 200);
  });
  app.openapi(routes.freeSession, async (c) => {
    const target = { scope: "session", id: c.req.valid("param").session_id } as const;
    return c.json(await change(c, { target, ...c.req.valid("query"), limit: null }), 200);
  });
}
