import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import { notFound } from "../domain/errors.ts";
import type { AppEnv } from "./app-env.ts";

/** The pattern of the route a request is for, e.g. `/api/v1/rooms/:room_id`; undefined where there is none. */
export function readRoutePattern(c: Context): string | undefined {
  // What `app.use` registers matches too, but for every method.
  return matchedRoutes(c).find(({ method }) => method !== "ALL")?.path;
}

/** A path or method that is not ours is 404 with a token as without one. */
export const refuseUnknownRoute = createMiddleware<AppEnv>(async (c, next) => {
  if (readRoutePattern(c) === undefined) throw notFound();
  await next();
});
