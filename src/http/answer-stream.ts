import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";
import { type EventStream, openEventStream, type StreamEnd } from "./event-stream.ts";

/** The stream that answers a request; `gone` aborts when its reader has disconnected or the stream was cut. */
export type AnswerStream = { stream: EventStream; gone: AbortSignal };

export function openAnswerStream(c: Context<AppEnv>): AnswerStream {
  const ended = Promise.withResolvers<StreamEnd>();
  c.set("streamEnd", ended.promise);
  const cut = new AbortController();
  void ended.promise.then((end) => end === "completed" || cut.abort());
  const stream = openEventStream({ onEnd: ended.resolve });
  return { stream, gone: AbortSignal.any([c.var.clientGone, cut.signal]) };
}
