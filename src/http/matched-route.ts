import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import { notFound } from "../domain/errors.ts";
import type { AppEnv } from "./app-env.ts";

/** The pattern of a request's route, e.g. `/api/v1/rooms/:room_id`; undefined: there is no such route. */
export function readRoutePattern(c: Context): string | undefined {
  // Middleware of `app.use` matches as well, with the method ALL.
  return matchedRoutes(c).find(({ method }) => method !== "ALL")?.path;
}

/** An unknown path or method is 404, with and without a token. */
export const refuseUnknownRoute = createMiddleware<AppEnv>(async (c, next) => {
  if (readRoutePattern(c) === undefined) throw notFound();
  await next();
});
