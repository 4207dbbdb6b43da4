import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";
import { type EventStream, openEventStream, type StreamEnd } from "./event-stream.ts";

/** The stream that answers a request. The request is logged when the stream has ended. */
export function openAnswerStream(c: Context<AppEnv>): EventStream {
  const ended = Promise.withResolvers<StreamEnd>();
  c.set("streamEnd", ended.promise);
  return openEventStream({ onEnd: ended.resolve });
}
