import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Log } from "../domain/log.ts";
import type { User } from "../domain/user.ts";
import type { StreamEnd } from "./event-stream.ts";

/** Values that middleware and routes set in the context of a request. */
export type AppEnv = {
  Variables: {
    requestId: string;
    log: Log;
    user: User;
    /** Resolves when the answer's stream has ended. Only set for streams. */
    streamEnd: Promise<StreamEnd>;
  };
};

/** The application that routes are registered on. */
export type App = OpenAPIHono<AppEnv>;
