import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { loadStoredTurn } from "./open.ts";
import type { Run, TurnAnswer } from "./run.ts";
import { type HandOver, type HostRefusal, handOverFormat, type SessionHost } from "./session-host.ts";

/** The clock of this isolate says how old the run is; the host has a clock of its own. */
export function toHandOver(deps: Pick<Deps, "nowMs">, run: Run, roundTrips: number): HandOver {
  const { startedMs, sentMs, request, ...rest } = run;
  const { log: _, ...plainRequest } = request;
  const nowMs = deps.nowMs();
  return {
    format: handOverFormat,
    run: { ...rest, request: plainRequest },
    elapsedMs: nowMs - startedMs,
    leaseAgeMs: nowMs - sentMs,
    roundTrips,
  };
}

/** Has the session's host execute the run. @throws PantheonError the answer of the run's ending, or `turn_in_progress`. */
export async function executeOnHost(deps: Deps, run: Run, handOver: HandOver): Promise<TurnAnswer> {
  const answer = await askHost(deps, run, (host) => host.run(handOver));
  switch (answer.kind) {
    case "stored":
      return answer.answer;
    case "failed": {
      const { code, detail, extras } = answer.problem;
      throw new PantheonError(code, detail, extras);
    }
    case "ended": {
      const stored = await loadStoredTurn(deps, run.request, run.turn.claim.turnId);
      return { stored, replayed: true, timings: { ...noTimings, openMs: run.openMs } };
    }
    case "upgrade":
    case "lost":
      throw refuseHandOver(run, answer);
  }
}

/** Has the session's host execute the run, and gives its events. @throws PantheonError `turn_in_progress`. */
export async function watchOnHost(
  deps: Deps,
  run: Run,
  { handOver, client }: { handOver: HandOver; client: StockClient | null },
): Promise<ReadableStream<Uint8Array>> {
  const answer = await askHost(deps, run, (host) => host.watch(handOver, client));
  if (answer.kind === "streaming") return answer.body;
  throw refuseHandOver(run, answer);
}

const maxTries = 3;

/**
 * Repeats a call that was lost: the host may have begun the run, so the run belongs to it from the first call on. Nothing
 * else may execute or release it under this holder.
 */
async function askHost<T>(deps: Deps, run: Run, call: (host: SessionHost) => Promise<T>): Promise<T> {
  const { claim } = run.turn;
  for (let tries = 1; ; tries += 1) {
    try {
      return await call(deps.hosts(claim.sessionId));
    } catch (error) {
      run.request.log.warn("host_not_reached", {
        tries,
        error: error instanceof Error ? error.name : "unknown",
      });
      if (tries === maxTries) throw turnInProgress(run);
    }
  }
}

function refuseHandOver(run: Run, { kind }: HostRefusal): PantheonError {
  run.request.log.warn("host_refused", { reason: kind });
  return turnInProgress(run);
}

function turnInProgress({ turn }: Run): PantheonError {
  const detail = "The turn is not finished. The same request goes on with it.";
  return new PantheonError("turn_in_progress", detail, { members: { turn_id: turn.claim.turnId } });
}

/** Not known: another request, or another isolate, has the times of the run. */
const noTimings = {
  openMs: 0,
  modelMs: 0,
  toolsMs: 0,
  commitMs: 0,
  totalMs: 0,
  databaseRoundTrips: 0,
  checkpointRoundTrips: 0,
};
