import * as z from "zod";
import { checkReadiness } from "../actions/check-readiness.ts";
import type { Deps } from "../deps.ts";
import type { App } from "../http/app-env.ts";
import { defineRoute } from "../http/define-route.ts";
import { json } from "../http/responses.ts";

const health = z.object({ status: z.literal("ok") }).meta({ id: "Health" });
const open = { tag: "health", isOpen: true, responses: { 200: json(health, "Yes") } };

const routes = {
  live: defineRoute("get", "/health", "Whether the Worker answers", open),
  ready: defineRoute("get", "/health/ready", "Whether the database answers too", {
    ...open,
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
