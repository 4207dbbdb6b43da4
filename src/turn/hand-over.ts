import type { Deps } from "../deps.ts";
import { nameOfError } from "../domain/error-name.ts";
import { PantheonError } from "../domain/errors.ts";
import { busySession } from "../domain/turn/open-decision.ts";
import type { StockClient } from "../domain/turn/stream-client.ts";
import { noTimings } from "../domain/turn/turn-timings.ts";
import { loadStoredTurn } from "./open.ts";
import type { Requester, Run, TurnAnswer } from "./run.ts";
import {
  type HandOver,
  type HostAnswer,
  type HostRefusal,
  handOverFormat,
  type SessionHost,
} from "./session-host.ts";

/** Times are sent as ages, by this isolate's clock: the host has another clock. */
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

/**
 * Asks the session's host to execute the run, and waits for its turn.
 * @throws PantheonError the answer of the run's ending, or `turn_in_progress`.
 */
export async function executeOnHost(deps: Deps, run: Run, handOver: HandOver): Promise<TurnAnswer> {
  const { runId, turnId } = run.turn.claim;
  const answer = await callHost(deps, run.request, runId, (host) => host.run(handOver));
  if (answer === null) throw unfinishedTurn(deps, turnId);
  return readHostAnswer(deps, { requester: run.request, runId, turnId }, answer);
}

/** Asks the session's host to execute the run, and returns its events. @throws PantheonError `turn_in_progress`. */
export async function watchOnHost(
  deps: Deps,
  run: Run,
  { handOver, client }: { handOver: HandOver; client: StockClient | null },
): Promise<ReadableStream<Uint8Array>> {
  const { runId, turnId } = run.turn.claim;
  const answer = await callHost(deps, run.request, runId, (host) => host.watch(handOver, client));
  if (answer?.kind === "streaming") return answer.body;
  if (answer !== null) warnRefused(run.request, runId, answer);
  throw unfinishedTurn(deps, turnId);
}

const maxTries = 3;

/**
 * Calls the host, again where no answer came. The host may have started the run although its answer was lost. So after the
 * first call only the host may execute or release the run under this holder. Null: the host did not answer.
 */
export async function callHost<T>(
  deps: Deps,
  { sessionId, log }: Requester,
  runId: string,
  call: (host: SessionHost) => Promise<T>,
): Promise<T | null> {
  for (let tries = 1; tries <= maxTries; tries += 1) {
    try {
      return await call(deps.hosts(sessionId));
    } catch (error) {
      log.warn("host_not_reached", { run_id: runId, tries, error: nameOfError(error) });
    }
  }
  return null;
}

type AskedRun = { requester: Requester; runId: string; turnId: string };

/** The turn that a host has stored. @throws PantheonError the run's problem, or `turn_in_progress`. */
export async function readHostAnswer(
  deps: Deps,
  { requester, runId, turnId }: AskedRun,
  answer: HostAnswer,
): Promise<TurnAnswer> {
  switch (answer.kind) {
    case "stored":
      return answer.answer;
    case "failed": {
      const { code, detail, extras } = answer.problem;
      throw new PantheonError(code, detail, extras);
    }
    case "ended": {
      const stored = await loadStoredTurn(deps, requester, turnId);
      return { stored, replayed: true, timings: noTimings };
    }
    case "upgrade":
    case "lost":
      warnRefused(requester, runId, answer);
      throw unfinishedTurn(deps, turnId);
  }
}

function warnRefused({ log }: Requester, runId: string, { kind }: HostRefusal): void {
  log.warn("host_refused", { run_id: runId, reason: kind });
}

/** The answer where the host goes on with the run: when its lease has run out, or earlier. */
export function unfinishedTurn({ settings }: Deps, turnId: string): PantheonError {
  const detail = "The turn is not finished. The same request goes on with it.";
  return busySession("turn_in_progress", detail, { turnId, waitMs: settings.turnLeaseMs });
}
