import { createMiddleware } from "hono/factory";
import { notFound } from "../domain/errors.ts";
import type { AppEnv } from "./app-env.ts";

/** To a user without the role the routes of operators do not exist. */
export const requireOperator = createMiddleware<AppEnv>(async (c, next) => {
  if (c.var.user.isOperator !== true) throw notFound();
  await next();
});
