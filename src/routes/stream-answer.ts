import type { AGUIEvent } from "@ag-ui/core";
import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import { formatStoredRun } from "../http/ag-ui/ag-ui-stream.ts";
import { writeFrames } from "../http/ag-ui/view-frames.ts";
import type { AppEnv } from "../http/app-env.ts";
import { eventStreamHeaders } from "../http/event-stream.ts";
import type { RunHandle, TurnAnswer } from "../turn/run.ts";
import { keepUntilOver } from "./answer-run.ts";
import { toRunResult } from "./run-result.ts";

/** How a client's protocol has the events of a run. */
export type StreamForm = { write: (event: AGUIEvent) => string; headers?: Record<string, string> };

/** Answers with the events of a run in the form of a client's protocol. */
export async function streamRun(
  c: Context<AppEnv>,
  deps: Deps,
  handle: Promise<RunHandle>,
  formFor: (run: RunHandle) => StreamForm,
) {
  const streamed = handle.then(async (run) => {
    if (run.kind === "run") return streamEvents(c, await run.watch(null), formFor(run));
    c.header("Idempotency-Replayed", "true");
    return streamStored(c, { runId: run.runId, answer: run.answer() }, formFor(run));
  });
  keepUntilOver(deps, streamed);
  return streamed;
}

export function streamEvents(c: Context<AppEnv>, events: ReadableStream<Uint8Array>, form: StreamForm) {
  const body = events.pipeThrough(writeFrames((event) => form.write(event)));
  return c.body(body, 200, { ...eventStreamHeaders, ...form.headers });
}

/** The events of a run that is stored, without the conversation: these clients do not read a snapshot. */
export function streamStored(
  c: Context<AppEnv>,
  { runId, answer }: { runId: string; answer: TurnAnswer },
  form: StreamForm,
) {
  const ids = { threadId: answer.stored.turn.sessionId, runId };
  const stored = formatStoredRun(runId, ids, { messages: [], result: toRunResult(answer, runId) });
  return streamEvents(c, new Blob([stored]).stream(), form);
}
