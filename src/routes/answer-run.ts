import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import { emitNothing } from "../domain/turn/turn-events.ts";
import type { RunIds, RunResult } from "../http/ag-ui/ag-ui-events.ts";
import { type ClientMessage, nameAsClient } from "../http/ag-ui/ag-ui-snapshot.ts";
import { streamRun, tellResult, tellStart } from "../http/ag-ui/ag-ui-stream.ts";
import { toTokenUsage } from "../http/ag-ui/ag-ui-usage.ts";
import { openAnswerStream } from "../http/answer-stream.ts";
import type { AppEnv } from "../http/app-env.ts";
import { acceptsEventStream, eventStreamHeaders } from "../http/event-stream.ts";
import { describeError } from "../http/problem.ts";
import { formatServerTiming, toTimingRead } from "../http/server-timing.ts";
import type { RunHandle, TurnAnswer } from "../turn/run.ts";
import { toAgUiMessage } from "./schemas/ag-ui.ts";
import { toTurnRead } from "./schemas/turn.ts";

/** A run of a session on its way. What it refuses before it begins is a problem, however it is answered. */
export type AnsweredRun = { sessionId: string; begun: Promise<RunHandle> };

/** Answers as the request asks: with events as they happen, or with the stored turn. */
export function answerRun(c: Context<AppEnv>, deps: Deps, run: AnsweredRun) {
  return acceptsEventStream(c.req.header("Accept"))
    ? answerWithStream(c, deps, run)
    : answerWithTurn(c, deps, run);
}

async function answerWithTurn(c: Context<AppEnv>, deps: Deps, { begun }: AnsweredRun) {
  const client = { emit: emitNothing, gone: c.var.clientGone };
  const work = begun.then((run) => (run.kind === "replay" ? run.answer() : run.execute(client)));
  deps.keepAlive(work.catch(() => undefined));
  const { stored, timings, replayed } = await work;
  c.header("Server-Timing", formatServerTiming(timings));
  if (replayed) c.header("Idempotency-Replayed", "true");
  return c.json(toTurnRead(stored), 201);
}

/** What a stock client made up itself, and goes by. */
export type StockClient = { ids: RunIds; userMessages: readonly ClientMessage[] };

/** Answers with AG-UI events. The turn goes on and is stored whether or not anybody reads them. */
export async function answerWithStream(
  c: Context<AppEnv>,
  deps: Deps,
  { sessionId, begun }: AnsweredRun,
  client?: StockClient,
) {
  const streamed = begun.then(async (run) => {
    const { runId } = run;
    const ids = client?.ids ?? { threadId: sessionId.toLowerCase(), runId };
    const snapshot = await run.loadSnapshot?.();
    const { log } = c.var;
    const { stream, gone } = openAnswerStream(c);
    const messages = snapshot && nameAsClient(snapshot.map(toAgUiMessage), client?.userMessages ?? []);
    tellStart(stream, ids, messages);
    if (run.kind === "replay") {
      tellResult(stream, ids, toRunResult(run.answer(), runId));
      return { stream, replayed: true, done: null };
    }
    const done = streamRun(stream, {
      ids,
      finish: async (emit) => toRunResult(await run.execute({ emit, gone }), runId),
      describeError: (error) => describeError(error, log),
    });
    return { stream, replayed: false, done };
  });
  deps.keepAlive(streamed.then(({ done }) => done).catch(() => undefined));
  const { stream, replayed } = await streamed;
  if (replayed) c.header("Idempotency-Replayed", "true");
  return c.body(stream.body, 200, eventStreamHeaders);
}

/** A run's usage is that of its own calls; the turn's, retries included, stands in the result. */
function toRunResult({ stored, timings }: TurnAnswer, runId: string): RunResult {
  const calls = stored.ledger.filter((row) => row.runId === runId);
  return { result: { ...toTurnRead(stored), timing: toTimingRead(timings) }, usage: toTokenUsage(calls) };
}
