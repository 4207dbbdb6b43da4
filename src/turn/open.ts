import { isKeyKnown } from "../db/turn/known-key.ts";
import { type OpenedTurn, openRetry, openTurn } from "../db/turn/open-turn.ts";
import { isRunRefused } from "../db/turn/refused-run.ts";
import type { StoredTurn } from "../db/turn/stored-turn.ts";
import { loadTurn } from "../db/turn/turns.ts";
import type { Deps } from "../deps.ts";
import { formatDecimal, minOf, parseDecimal } from "../domain/billing/pricing.ts";
import { describePricing } from "../domain/billing/run-pricing.ts";
import { requireKnownModel } from "../domain/catalog.ts";
import { historyCharacters } from "../domain/context/context-budget.ts";
import { notFound, PantheonError } from "../domain/errors.ts";
import { countRequest } from "../domain/rate-limiter.ts";
import {
  busySession,
  decideOpen,
  type FoundClaim,
  turnConflictDetail,
} from "../domain/turn/open-decision.ts";
import type { PendingTurn } from "../domain/turn/queued-turn.ts";
import { canonicalRequest, type HashedRequest } from "../domain/turn/request-hash.ts";
import { cancelTurn } from "./cancel.ts";
import { toPending, waitInQueue, wakeQueue } from "./queue.ts";
import { recoverRun } from "./recover.ts";
import type { Requester, RunRequest, RunStart, WhenBusy } from "./run.ts";

export type OpenResult =
  | { kind: "claimed"; turn: OpenedTurn; start: RunStart }
  | { kind: "replay"; runId: string; turnId: string; openMs: number }
  | { kind: "join"; running: FoundClaim }
  | { kind: "queued"; pending: PendingTurn };

/** Admits the request, takes the session's claim and reads what the run needs. A run that is stored is replayed. */
export async function openRun(
  deps: Deps,
  request: RunRequest,
  { startedMs, whenBusy }: { startedMs: number; whenBusy: WhenBusy },
): Promise<OpenResult> {
  await admitRun(deps, request);
  await requireModel(deps, request);
  const open = await describeOpen(deps, request, null);
  for (let tries = 1; ; tries += 1) {
    const sentMs = deps.nowMs();
    const rows = await (open.kind === "turn" ? openTurn(deps.db, open) : openRetry(deps.db, open));
    const decision = decideOpen(rows, open);
    const openMs = deps.nowMs() - startedMs;
    switch (decision.kind) {
      case "claimed":
        return {
          kind: "claimed",
          turn: decision.opened,
          start: { startedMs, sentMs, openMs },
        };
      case "replay":
        return { ...decision, openMs };
      case "join":
        return decision;
      case "queued":
        await stopAgain(deps, request, rows.claimBefore);
        return { kind: "queued", pending: toPending(request.sessionId, decision.entry, rows.queue) };
      case "busy": {
        if (decision.isIdle) wakeQueue(deps, request.sessionId, request.log);
        const pending = await waitInQueue(deps, request, { whenBusy, open });
        if (pending !== null) return { kind: "queued", pending };
        if (whenBusy !== "refuse" && tries <= maxRecoveries) break;
        throw busySession("turn_conflict", turnConflictDetail, decision);
      }
      case "recover":
        if (tries > maxRecoveries) {
          throw busySession("turn_conflict", turnConflictDetail, { turnId: decision.turnId, waitMs: 0 });
        }
        // Safe to race: the takeover is a compare-and-swap.
        await recoverRun(deps, { sessionId: request.sessionId, runId: decision.runId }, request.log);
        break;
      case "not_taken":
        throw await explainNotTaken(deps, request, open.runId);
      case "unaffordable":
        if (tries > 1 || decision.abandonedRuns.length === 0) throw decision.error;
        // Runs whose holders are gone still hold credits that this run needs.
        for (const run of decision.abandonedRuns) await recoverRun(deps, run, request.log);
        break;
      default:
        decision satisfies never;
    }
  }
}

const maxRecoveries = 3;

/**
 * The turn waits for a run that was cancelled, as an interrupt does. The Worker that cancelled it may have been lost before it
 * told the host, so the host is told again.
 */
async function stopAgain(deps: Deps, request: RunRequest, running: FoundClaim | undefined): Promise<void> {
  if (running?.isCancelled === true) await cancelTurn(deps, request, running.turnId);
}

/** A late copy of a request meets the refusal of its own run, whose answer was lost: the next request gets the refusal. */
async function explainNotTaken({ db }: Deps, request: RunRequest, runId: string): Promise<PantheonError> {
  const { sessionId } = request;
  if (!(await isRunRefused(db, { sessionId, runId }))) return notFound();
  const turnId = request.kind === "retry" ? request.turnId : runId;
  return busySession("turn_conflict", turnConflictDetail, { turnId, waitMs: 0 });
}

/**
 * Counts a run against the limit of its user, before anything is claimed or spent.
 * @throws PantheonError `rate_limited`, with `Retry-After`.
 */
function admitRun(
  { turnLimiter }: Pick<Deps, "turnLimiter">,
  { user, log }: Pick<Requester, "user" | "log">,
): Promise<void> {
  const detail = "You have started too many turns. Please wait.";
  return countRequest(turnLimiter, { userId: user.userId, log, detail });
}

/**
 * A new turn names a model of the catalog. A run that is stored or in flight under the request's key is answered even if
 * its model has left the catalog since.
 * @throws PantheonError `unknown_model`.
 */
async function requireModel({ db, catalog }: Deps, request: RunRequest): Promise<void> {
  if (request.kind === "retry") return;
  const alias = request.request.modelAliasOverride;
  if (alias === undefined || catalog.models.has(alias)) return;
  const { sessionId, user, idempotencyKey: key } = request;
  if (key !== null && (await isKeyKnown(db, { sessionId, userId: user.userId, key }))) return;
  requireKnownModel(catalog, alias);
}

/** `entry`: the turn waits in the queue under this id; null: it is new, and does not. */
export async function describeOpen(deps: Deps, request: RunRequest, entry: { turnId: string } | null) {
  const { keepRawTurns } = deps.settings.context;
  const modelAliasOverride = request.kind === "turn" ? (request.request.modelAliasOverride ?? null) : null;
  const common = {
    sessionId: request.sessionId,
    userId: request.user.userId,
    runId: entry?.turnId ?? deps.newId(),
    isQueued: entry !== null,
    userMessageId: deps.newId(),
    holder: deps.newId(),
    idempotencyKey: request.idempotencyKey,
    requestHash: await deps.digest(canonicalRequest(toHashedRequest(request))),
    leaseMs: deps.settings.turnLeaseMs,
    windowBounds: { ...historyCharacters(deps.catalog, modelAliasOverride), keepRawTurns },
    modelAliasOverride,
    pricing: describePricing(deps.catalog, deps.settings),
    ...describeGrant(deps.settings.credits, request),
  };
  return request.kind === "turn"
    ? { ...common, kind: request.kind, request: request.request }
    : { ...common, kind: request.kind, turnId: request.turnId };
}

/**
 * The turn's own limit: the deployment's, or less where the request says so. With less than the minimum no run is opened.
 */
function describeGrant({ turnMaxE8, turnMinE8, required }: Deps["settings"]["credits"], request: RunRequest) {
  const asked = request.kind === "turn" ? request.request.maxCredits : undefined;
  const turnE8 = minOf(turnMaxE8, asked === undefined ? turnMaxE8 : parseDecimal(asked, 8));
  const minE8 = minOf(turnMinE8, turnE8);
  return {
    minE8,
    turnCredits: formatDecimal(turnE8, 8),
    minCredits: formatDecimal(minE8, 8),
    requiresWallet: required,
  };
}

function toHashedRequest(request: RunRequest): HashedRequest {
  const { kind, sessionId } = request;
  return request.kind === "turn"
    ? { kind, sessionId, turnId: null, body: request.request }
    : { kind, sessionId, turnId: request.turnId, body: {} };
}

/** Reads the turn that is stored under the request's key, as it is now. */
export async function loadStoredTurn(
  deps: Deps,
  { user, sessionId }: Pick<Requester, "user" | "sessionId">,
  turnId: string,
): Promise<StoredTurn> {
  const found = await loadTurn(deps.db, { sessionId, userId: user.userId }, turnId);
  if (found.kind !== "stored") throw new PantheonError("internal_error", "The stored turn cannot be read.");
  return found.stored;
}
