import { notFound, PantheonError } from "../errors.ts";
import { turnBounds } from "./turn-size.ts";

/** The run that a session is executing, as an open found it, before it tried to take the claim. */
export type FoundClaim = {
  runId: string;
  turnId: string;
  idempotencyKey: string | null;
  requestHash: string;
  /** What is left of its lease by the database's clock, ms; zero or less: run out. */
  leaseLeftMs: number;
};

/** The turn that a retry names, as it stands. */
export type RetriedTurn = { isLatest: boolean; isRetriable: boolean; hasRunsLeft: boolean };

/** What one open found, in one transaction. `Opened` is what it read for the run whose claim it took. */
export type OpenFindings<Opened> = {
  sessionFound: boolean;
  claimBefore: FoundClaim | undefined;
  /** The run stored under the request's key, or as the run of this open. */
  storedRun: { runId: string; turnId: string; requestHash: string } | undefined;
  /** Of a retry: the turn it names, where there is one. */
  retriedTurn: { found: RetriedTurn | undefined } | undefined;
  /** Where the claim is now this open's: its run. */
  opened: Opened | undefined;
};

export type OpenDecision<Opened> =
  | { kind: "claimed"; opened: Opened }
  | { kind: "replay"; runId: string; turnId: string }
  /** Another run's lease has run out: that run is recovered first, then the open is repeated. */
  | { kind: "recover"; runId: string };

/** Exactly this text: clients match on it. */
export const turnConflictDetail = "Turn creation conflicted with concurrent writes. Please retry.";

/**
 * Decides what follows from what an open found: the first rule that fits.
 * @throws PantheonError `not_found`, `idempotency_key_reused`, `turn_in_progress`, `turn_conflict`,
 * `not_latest_turn`, `nothing_to_retry` or `too_many_retries`.
 */
export function decideOpen<Opened>(
  findings: OpenFindings<Opened>,
  request: { idempotencyKey: string | null; requestHash: string },
): OpenDecision<Opened> {
  const { claimBefore, storedRun, opened } = findings;
  if (!findings.sessionFound) throw notFound();
  if (findings.retriedTurn !== undefined && findings.retriedTurn.found === undefined) throw notFound();
  const isSameKey = request.idempotencyKey !== null && claimBefore?.idempotencyKey === request.idempotencyKey;
  // Also where its lease has run out: another request under its key takes nothing.
  const sameKey = storedRun ?? (isSameKey ? claimBefore : undefined);
  if (sameKey !== undefined && sameKey.requestHash !== request.requestHash) {
    throw new PantheonError("idempotency_key_reused", "This Idempotency-Key was used for another request.");
  }
  if (storedRun !== undefined) return { kind: "replay", runId: storedRun.runId, turnId: storedRun.turnId };
  if (opened !== undefined) return { kind: "claimed", opened };
  const running = claimBefore !== undefined && claimBefore.leaseLeftMs > 0 ? claimBefore : undefined;
  if (claimBefore !== undefined && running === undefined && !isSameKey) {
    return { kind: "recover", runId: claimBefore.runId };
  }
  if (running === undefined) {
    const retried = findings.retriedTurn?.found;
    if (retried !== undefined) refuseRetry(retried);
    // The session's row is locked: only the end of its room keeps a free claim from being taken.
    throw notFound();
  }
  if (isSameKey) throw busy("turn_in_progress", "This request is still being answered.", running);
  throw busy("turn_conflict", turnConflictDetail, running);
}

function refuseRetry({ isLatest, isRetriable, hasRunsLeft }: RetriedTurn): void {
  if (!isLatest) throw new PantheonError("not_latest_turn", "Only the session's latest turn can be retried.");
  if (!isRetriable) throw new PantheonError("nothing_to_retry", "No agent of this turn failed.");
  if (!hasRunsLeft) {
    const detail = `A turn has at most ${turnBounds.maxRuns} runs, its retries included.`;
    throw new PantheonError("too_many_retries", detail);
  }
}

function busy(code: "turn_in_progress" | "turn_conflict", detail: string, claim: FoundClaim) {
  const retryAfterSeconds = Math.max(1, Math.ceil(claim.leaseLeftMs / 1_000));
  return new PantheonError(code, detail, {
    headers: { "Retry-After": String(retryAfterSeconds) },
    members: { turn_id: claim.turnId },
  });
}
