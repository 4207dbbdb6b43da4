import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { nameAsClient } from "../http/ag-ui/ag-ui-snapshot.ts";
import { formatStoredRun } from "../http/ag-ui/ag-ui-stream.ts";
import type { AppEnv } from "../http/app-env.ts";
import { eventStreamHeaders } from "../http/event-stream.ts";
import { formatServerTiming } from "../http/server-timing.ts";
import type { RunHandle } from "../turn/run.ts";
import { nameTurn } from "./name-turn.ts";
import { toRunResult } from "./run-result.ts";
import { toAgUiMessage } from "./schemas/ag-ui.ts";
import { toTurnRead } from "./schemas/turn.ts";
import { toStoredState, toTurnPending } from "./schemas/turn-pending.ts";

/** A run that is being prepared. A refusal before it starts is a problem response, for a stream as well. */
export type RunToAnswer = { sessionId: string; handle: Promise<RunHandle> };

/** Answers with the stored turn. A turn that takes longer than a request may wait is answered with its state, and goes on. */
export async function answerWithTurn(c: Context<AppEnv>, deps: Deps, { handle }: RunToAnswer) {
  const work = handle.then((run) => (run.kind === "replay" ? run.answer() : run.execute()));
  keepUntilOver(deps, work);
  const answer = await orNullAfter(deps.settings.jsonWaitMs, work);
  if (answer === null) return answerPending(c, await handle);
  const { stored, timings, replayed } = answer;
  c.header("Server-Timing", formatServerTiming(timings));
  if (replayed) c.header("Idempotency-Replayed", "true");
  return c.json(toTurnRead(stored), 201);
}

/** Null: the work goes on. */
async function orNullAfter<T>(timeoutMs: number, work: Promise<T>): Promise<T | null> {
  const timeout = Promise.withResolvers<null>();
  const timer = setTimeout(() => timeout.resolve(null), timeoutMs);
  return Promise.race([work, timeout.promise]).finally(() => clearTimeout(timer));
}

/** Answers at once. The turn runs, or waits in the queue of its session. */
export async function answerAtOnce(c: Context<AppEnv>, deps: Deps, { handle }: RunToAnswer) {
  const started = handle.then(async (run) => {
    if (run.kind === "run" && run.pending.status === "running") await run.execute();
  });
  keepUntilOver(deps, started);
  return answerPending(c, await handle);
}

/** The state of a turn, and where to ask for it. */
function answerPending(c: Context<AppEnv>, run: RunHandle) {
  const pending = stateOf(run);
  nameTurn(c, pending);
  if (run.kind === "replay") c.header("Idempotency-Replayed", "true");
  return c.json(toTurnPending(pending), 202);
}

function stateOf(run: RunHandle) {
  return run.kind === "run" ? run.pending : toStoredState(run.answer());
}

/** Answers with AG-UI events as they happen. `client`: a stock client, whose ids the events have. */
export async function answerWithStream(
  c: Context<AppEnv>,
  deps: Deps,
  { sessionId, handle }: RunToAnswer,
  client: StockClient | null = null,
) {
  const streamed = handle.then(async (run) => {
    nameTurn(c, stateOf(run));
    if (run.kind === "run") return run.watch(client);
    const ids = client?.ids ?? { threadId: sessionId.toLowerCase(), runId: run.runId };
    const messages = nameAsClient((await run.loadSnapshot()).map(toAgUiMessage), client?.userMessages ?? []);
    c.header("Idempotency-Replayed", "true");
    return formatStoredRun(run.runId, ids, { messages, result: toRunResult(run.answer(), run.runId) });
  });
  keepUntilOver(deps, streamed);
  return c.body(await streamed, 200, eventStreamHeaders);
}

/** A client that disconnects while its run is being handed over does not stop it. The host then needs no client. */
export function keepUntilOver(deps: Deps, work: Promise<unknown>): void {
  deps.keepAlive(work.catch(() => undefined));
}
