import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Log } from "../domain/log.ts";
import type { User } from "../domain/user.ts";

/** Values that middleware and routes set in the context of a request. */
export type AppEnv = {
  Variables: {
    requestId: string;
    log: Log;
    user: User;
  };
};

/** The application that routes are registered on. */
export type App = OpenAPIHono<AppEnv>;
