import { headers } from "../http/answer-header-schemas.ts";
import { defineRoute } from "../http/define-route.ts";
import { json, jsonBody } from "../http/responses.ts";
import { pageOf, pageQuery } from "../http/schemas.ts";
import {
  adminEvent,
  budget,
  grant,
  grantHeaders,
  newGrant,
  newUserBudget,
  userParams,
  wallet,
} from "./schemas/money.ts";
import { adminUsageItem, adminUsageQuery } from "./schemas/usage.ts";

const tag = "operators";
const params = userParams;

export const adminRoutes = {
  usage: defineRoute("get", "/admin/usage", "Read what everybody spent", {
    id: "getAdminUsage",
    description: "Groups of all users, with the number of those who spent something and the margin.",
    tag,
    request: { query: adminUsageQuery },
    responses: { 200: json(pageOf(adminUsageItem), "A page of groups, by key") },
    problems: ["not_found"],
  }),
  grant: defineRoute("post", "/admin/users/{user_id}/grants", "Grant credits to a user", {
    id: "grantCredits",
    tag,
    description: "The first grant gives the user a wallet, and ends unlimited use.",
    request: { params, headers: grantHeaders, body: jsonBody(newGrant) },
    responses: {
      201: {
        ...json(grant, "The grant, also where it was made before under this key"),
        headers: headers("Idempotency-Replayed"),
      },
    },
    problems: ["invalid_idempotency_key", "idempotency_key_reused"],
  }),
  setBudget: defineRoute("put", "/admin/users/{user_id}/budget", "Limit what a user may spend in a period", {
    id: "setUserBudget",
    description: "By day or month; the user's wallet is raised by grants.",
    tag,
    request: { params, body: jsonBody(newUserBudget) },
    responses: { 200: json(budget, "The budget, in its current period") },
  }),
  wallet: defineRoute("get", "/admin/users/{user_id}/wallet", "Read a user's wallet", {
    id: "getUserWallet",
    description: "What operators granted the user, and what is left of it.",
    tag,
    request: { params },
    responses: { 200: json(wallet, "The wallet; without one `balance` is null") },
  }),
  events: defineRoute("get", "/admin/events", "List what operators did, newest first", {
    id: "listAdminEvents",
    description: "Grants, budgets and prices; nobody can change or delete an event.",
    tag,
    request: { query: pageQuery },
    responses: { 200: json(pageOf(adminEvent), "A page of events") },
    problems: ["not_found"],
  }),
};
