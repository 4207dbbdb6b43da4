import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import { emitNothing } from "../domain/turn/turn-events.ts";
import type { RunIds, RunResult } from "../http/ag-ui/ag-ui-events.ts";
import { type ClientMessage, nameAsClient } from "../http/ag-ui/ag-ui-snapshot.ts";
import { sendResult, sendStart, streamRun } from "../http/ag-ui/ag-ui-stream.ts";
import { toTokenUsage } from "../http/ag-ui/ag-ui-usage.ts";
import { openAnswerStream } from "../http/answer-stream.ts";
import type { AppEnv } from "../http/app-env.ts";
import { acceptsEventStream, eventStreamHeaders } from "../http/event-stream.ts";
import { describeError } from "../http/problem.ts";
import { formatServerTiming, toTimingRead } from "../http/server-timing.ts";
import type { RunHandle, TurnAnswer } from "../turn/run.ts";
import { toAgUiMessage } from "./schemas/ag-ui.ts";
import { toTurnRead } from "./schemas/turn.ts";

/** A run that is being prepared. A refusal before it begins is a problem response, for a stream as well. */
export type PendingRun = { sessionId: string; handle: Promise<RunHandle> };

/** Answers as `Accept` says: with events as they happen, or with the stored turn. */
export function answerRun(c: Context<AppEnv>, deps: Deps, run: PendingRun) {
  return acceptsEventStream(c.req.header("Accept"))
    ? answerWithStream(c, deps, run)
    : answerWithTurn(c, deps, run);
}

async function answerWithTurn(c: Context<AppEnv>, deps: Deps, { handle }: PendingRun) {
  const client = { emit: emitNothing, gone: c.var.clientGone };
  const work = handle.then((run) => (run.kind === "replay" ? run.answer() : run.execute(client)));
  deps.keepAlive(work.catch(() => undefined));
  const { stored, timings, replayed } = await work;
  c.header("Server-Timing", formatServerTiming(timings));
  if (replayed) c.header("Idempotency-Replayed", "true");
  return c.json(toTurnRead(stored), 201);
}

/** The ids that a stock client chose itself. */
export type StockClient = { ids: RunIds; userMessages: readonly ClientMessage[] };

/** Answers with AG-UI events. The turn is stored also where the client stops reading. */
export async function answerWithStream(
  c: Context<AppEnv>,
  deps: Deps,
  { sessionId, handle }: PendingRun,
  client?: StockClient,
) {
  const streamed = handle.then(async (run) => {
    const { runId } = run;
    const ids = client?.ids ?? { threadId: sessionId.toLowerCase(), runId };
    const snapshot = await run.loadSnapshot?.();
    const { log } = c.var;
    const { stream, gone } = openAnswerStream(c);
    const messages = snapshot && nameAsClient(snapshot.map(toAgUiMessage), client?.userMessages ?? []);
    sendStart(stream, ids, messages);
    if (run.kind === "replay") {
      sendResult(stream, ids, toRunResult(run.answer(), runId));
      return { stream, replayed: true, done: null };
    }
    const done = streamRun(stream, {
      ids,
      execute: async (emit) => toRunResult(await run.execute({ emit, gone }), runId),
      describeError: (error) => describeError(error, log),
    });
    return { stream, replayed: false, done };
  });
  deps.keepAlive(streamed.then(({ done }) => done).catch(() => undefined));
  const { stream, replayed } = await streamed;
  if (replayed) c.header("Idempotency-Replayed", "true");
  return c.body(stream.body, 200, eventStreamHeaders);
}

/** `usage` counts this run's calls; the turn's usage, with its other runs, is in `result`. */
function toRunResult({ stored, timings }: TurnAnswer, runId: string): RunResult {
  const calls = stored.ledger.filter((row) => row.runId === runId);
  return { result: { ...toTurnRead(stored), timing: toTimingRead(timings) }, usage: toTokenUsage(calls) };
}
