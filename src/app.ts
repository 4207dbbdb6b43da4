import { OpenAPIHono } from "@hono/zod-openapi";
import { cors } from "hono/cors";
import type { Deps } from "./deps.ts";
import type { AppEnv } from "./http/app-env.ts";
import { requireUser } from "./http/auth.ts";
import { limitBody, requireJson } from "./http/json-body.ts";
import { answerError, answerNotFound } from "./http/problem.ts";
import { withRequestId } from "./http/request-id.ts";
import { refuseInvalid } from "./http/validation.ts";
import { registerHealthRoutes } from "./routes/health.ts";
import { registerRoomRoutes } from "./routes/rooms.ts";
import { registerTurnRoutes } from "./routes/turns.ts";

export type App = OpenAPIHono<AppEnv>;

/** Builds the HTTP application: middleware, routes and the one error handler. */
export function createApp(deps: Deps): App {
  const app: App = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
  app.use(withRequestId(deps.log, deps.newId));
  app.use(
    cors({
      origin: (origin) => (deps.corsAllowedOrigins.includes(origin) ? origin : null),
      allowHeaders: ["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id", "Accept"],
      exposeHeaders: ["X-Request-Id", "Server-Timing", "Idempotency-Replayed", "Retry-After"],
      maxAge: 600,
    }),
  );
  app.onError(answerError);
  app.notFound(answerNotFound);

  const api: App = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
  registerHealthRoutes(api, deps);
  api.use(requireUser(deps.verifyToken), limitBody, requireJson);
  registerRoomRoutes(api, deps);
  registerTurnRoutes(api, deps);
  app.route("/api/v1", api);
  return app;
}
