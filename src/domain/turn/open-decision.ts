import { type BudgetRefusal, type FoundBudget, findBudgetRefusal } from "../billing/budget-refusal.ts";
import { notFound, PantheonError } from "../errors.ts";
import { likelyWaitMs, type RunPace } from "./likely-wait.ts";
import type { QueuedEntry } from "./queued-turn.ts";
import { turnBounds } from "./turn-limiter.ts";

/** The claim of the session as it was before this request tried to take it. */
export type FoundClaim = {
  runId: string;
  turnId: string;
  turnIndex: number;
  idempotencyKey: string | null;
  requestHash: string;
  pace: RunPace;
  /** Milliseconds until the lease ends, by the database's clock; zero or less: it has run out. */
  leaseLeftMs: number;
  /** The run was cancelled. No request goes on with it. */
  isCancelled: boolean;
};

/** A run as it is stored. */
export type StoredRun = { runId: string; turnId: string; requestHash: string };

/** The turn that a retry names, as it is stored now. */
export type RetriedTurn = { isLatest: boolean; isRetriable: boolean; hasRunsLeft: boolean };

/** What a request to open a run read, in one transaction. `Opened`: what was read for the run whose claim it took. */
export type OpenRows<Opened> = {
  sessionFound: boolean;
  claimBefore: FoundClaim | undefined;
  /** The run that is stored under the request's key, or under the run id of this request. */
  storedRun: StoredRun | undefined;
  /** What waits in the session, in order, and the entry of the request's key, as they were before this request. */
  queue: readonly QueuedEntry[];
  /** Undefined: the run is no retry; `found` undefined: the turn that the retry names is not there. */
  retriedTurn: { found: RetriedTurn | undefined } | undefined;
  /** The budgets of a new run, as they were before it; empty: there are none, or the run is not new. */
  budgets: readonly FoundBudget[];
  /** The run, where this request holds the claim now. */
  opened: Opened | undefined;
};

export type OpenDecision<Opened> =
  | { kind: "claimed"; opened: Opened }
  | { kind: "replay"; runId: string; turnId: string }
  /** The same request's run is live. */
  | { kind: "join"; running: FoundClaim }
  /** The same request's turn waits in the queue, or has ended there. */
  | { kind: "queued"; entry: QueuedEntry }
  /** Another run is live, or turns wait. `isIdle`: no run is live, so the first that waits should start. */
  | { kind: "busy"; turnId: string; waitMs: number; isIdle: boolean }
  /**
   * The lease of a run has run out: that run is recovered first, then this request opens again. It is another run, or the
   * request's own, which was cancelled, or which another holder has taken over since.
   */
  | { kind: "recover"; runId: string; turnId: string }
  /** The claim is free and was not taken: the room was deleted, or this very run was refused before. */
  | { kind: "not_taken" }
  /** Too little is left of a budget. Runs whose holders are gone are recovered, then this request opens again. */
  | ({ kind: "unaffordable" } & BudgetRefusal);

/** Exactly this text: clients match on it. */
export const turnConflictDetail = "Turn creation conflicted with concurrent writes. Please retry.";

/**
 * Decides what happens to a request that opens a run. The first rule that applies decides.
 * @throws PantheonError `not_found`, `idempotency_key_reused`, `not_latest_turn`, `nothing_to_retry` or `too_many_retries`.
 */
export function decideOpen<Opened>(
  rows: OpenRows<Opened>,
  request: { runId: string; idempotencyKey: string | null; requestHash: string; minE8: bigint },
): OpenDecision<Opened> {
  const { claimBefore, storedRun, queue, opened } = rows;
  if (!rows.sessionFound) throw notFound();
  if (rows.retriedTurn !== undefined && rows.retriedTurn.found === undefined) throw notFound();
  const isKey = (key: string | null | undefined) => key !== null && key === request.idempotencyKey;
  // A request whose entry has started meets its own run, also without a key.
  const isSameKey = isKey(claimBefore?.idempotencyKey) || claimBefore?.runId === request.runId;
  const entry = queue.find(({ idempotencyKey }) => isKey(idempotencyKey));
  // Also where the lease has run out: a request under the same key must have the same body.
  const sameKey = storedRun ?? (isSameKey ? claimBefore : entry);
  if (sameKey !== undefined && sameKey.requestHash !== request.requestHash) {
    throw new PantheonError("idempotency_key_reused", "This Idempotency-Key was used for another request.");
  }
  if (storedRun !== undefined) return { kind: "replay", runId: storedRun.runId, turnId: storedRun.turnId };
  if (opened !== undefined) return { kind: "claimed", opened };
  const running = claimBefore !== undefined && claimBefore.leaseLeftMs > 0 ? claimBefore : undefined;
  if (running !== undefined && isSameKey) return { kind: "join", running };
  if (entry !== undefined) return { kind: "queued", entry };
  const busyWith = running ?? queue.find(({ status }) => status === "waiting");
  if (busyWith !== undefined && !isSameKey) {
    const waitMs = running === undefined ? 0 : likelyWaitMs(running.pace, running.leaseLeftMs);
    return { kind: "busy", turnId: busyWith.turnId, waitMs, isIdle: running === undefined };
  }
  if (claimBefore !== undefined) {
    return { kind: "recover", runId: claimBefore.runId, turnId: claimBefore.turnId };
  }
  const retried = rows.retriedTurn?.found;
  if (retried !== undefined) refuseRetry(retried);
  const refusal = findBudgetRefusal(rows.budgets, request.minE8);
  if (refusal !== null) return { kind: "unaffordable", ...refusal };
  return { kind: "not_taken" };
}

function refuseRetry({ isLatest, isRetriable, hasRunsLeft }: RetriedTurn): void {
  if (!isLatest) throw new PantheonError("not_latest_turn", "Only the session's latest turn can be retried.");
  if (!isRetriable) throw new PantheonError("nothing_to_retry", "No agent of this turn failed.");
  if (!hasRunsLeft) {
    const detail = `A turn has at most ${turnBounds.maxRuns} runs, its retries included.`;
    throw new PantheonError("too_many_retries", detail);
  }
}

/** The refusal of a request whose session has a run, with its turn and when to try again. */
export function busySession(
  code: "turn_in_progress" | "turn_conflict",
  detail: string,
  { turnId, waitMs }: { turnId: string; waitMs: number },
  options?: ErrorOptions,
): PantheonError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const extras = {
    headers: { "Retry-After": String(retryAfterSeconds) },
    members: { turn_id: turnId },
  };
  return new PantheonError(code, detail, extras, options);
}
