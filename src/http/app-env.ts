import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Log } from "../domain/log.ts";
import type { User } from "../domain/user.ts";
import type { StreamEnd } from "./event-stream.ts";

/** What middleware and routes leave in the context of a request. */
export type AppEnv = {
  Variables: {
    requestId: string;
    log: Log;
    clientGone: AbortSignal;
    user: User;
    /** How an answer that is a stream ended, once it has. */
    streamEnd: Promise<StreamEnd>;
  };
};

/** The application that routes are registered on. */
export type App = OpenAPIHono<AppEnv>;
