import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { checkReadiness } from "../actions/check-readiness.ts";
import type { App } from "../app.ts";
import type { Deps } from "../deps.ts";
import { json, problems } from "../http/responses.ts";

const health = z.object({ status: z.literal("ok") }).meta({ id: "Health" });
const open = { tags: ["health"], security: [] };

const live = createRoute({
  ...open,
  method: "get",
  path: "/health",
  summary: "Whether the Worker answers",
  responses: { 200: json(health, "It does") },
});

const ready = createRoute({
  ...open,
  method: "get",
  path: "/health/ready",
  summary: "Whether the database answers too",
  responses: { 200: json(health, "It does"), ...problems("not_ready") },
});

export function registerHealthRoutes(app: App, deps: Deps): void {
  app.openapi(live, (c) => c.json({ status: "ok" as const }, 200));
  app.openapi(ready, async (c) => {
    await checkReadiness(deps);
    return c.json({ status: "ok" as const }, 200);
  });
}
