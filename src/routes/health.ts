import * as z from "zod";
import { checkReadiness } from "../actions/check-readiness.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";

const health = z
  .object({ status: z.literal("ok").describe("The only value: what is not well answers a problem") })
  .meta({ id: "Health", description: "The service answers" });
const open = { tag: "health", isOpen: true, responses: { 200: json(health, "Yes") } };

const routes = {
  live: defineRoute("get", "/health", "Ask whether the Worker answers", {
    ...open,
    id: "getHealth",
    description: "Answers while the Worker runs, and asks nothing else.",
  }),
  ready: defineRoute("get", "/health/ready", "Ask whether the database answers too", {
    ...open,
    id: "getReadiness",
    description: "Answers 503 where the database does not answer in 2 s.",
    problems: ["not_ready"],
  }),
};

export function registerHealthRoutes(app: App, deps: Deps): void {
  app.openapi(routes.live, (c) => c.json({ status: "ok" as const }, 200));
  app.openapi(routes.ready, async (c) => {
    await checkReadiness(deps);
    return c.json({ status: "ok" as const }, 200);
  });
}
