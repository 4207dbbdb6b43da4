import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { nameAsClient } from "../http/ag-ui/ag-ui-snapshot.ts";
import { formatStoredRun } from "../http/ag-ui/ag-ui-stream.ts";
import type { AppEnv } from "../http/app-env.ts";
import { eventStreamHeaders } from "../http/event-stream.ts";
import { formatServerTiming } from "../http/server-timing.ts";
import type { RunHandle } from "../turn/run.ts";
import { toRunResult } from "./run-result.ts";
import { toAgUiMessage } from "./schemas/ag-ui.ts";
import { toTurnRead } from "./schemas/turn.ts";

/** A run that is being prepared. A refusal before it begins is a problem response, for a stream as well. */
export type PendingRun = { sessionId: string; handle: Promise<RunHandle> };

/** Answers with the stored turn. */
export async function answerWithTurn(c: Context<AppEnv>, deps: Deps, { handle }: PendingRun) {
  const work = handle.then((run) => (run.kind === "replay" ? run.answer() : run.execute()));
  keepUntilOver(deps, work);
  const { stored, timings, replayed } = await work;
  c.header("Server-Timing", formatServerTiming(timings));
  if (replayed) c.header("Idempotency-Replayed", "true");
  return c.json(toTurnRead(stored), 201);
}

/** Answers with AG-UI events as they happen. `client`: a stock client, whose ids the events have. */
export async function answerWithStream(
  c: Context<AppEnv>,
  deps: Deps,
  { sessionId, handle }: PendingRun,
  client: StockClient | null = null,
) {
  const streamed = handle.then(async (run) => {
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
function keepUntilOver(deps: Deps, work: Promise<unknown>): void {
  deps.keepAlive(work.catch(() => undefined));
}
