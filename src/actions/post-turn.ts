import { commitTurn, releaseClaim, reportLateSpend } from "../db/commit-turn.ts";
import { type OpenedClaim, openTurn } from "../db/open-turn.ts";
import type { ClaimedRequest } from "../db/schema.ts";
import { buildTurnRecord } from "../db/turn-record.ts";
import type { StoredTurn } from "../db/turns.ts";
import type { Deps } from "../deps.ts";
import { requireKnownModel } from "../domain/catalog.ts";
import { judgeOpen } from "../domain/claim-verdict.ts";
import { historyCharacters } from "../domain/context-budget.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { canonicalRequest } from "../domain/request-hash.ts";
import { type EmitTurnEvent, emitNothing } from "../domain/turn-events.ts";
import { planTurn, type TurnPlan } from "../domain/turn-plan.ts";
import type { TurnTimings } from "../domain/turn-timings.ts";
import type { User } from "../domain/user.ts";
import { readTurn } from "./read-turn.ts";

export type TurnRequest = {
  user: User;
  sessionId: string;
  request: ClaimedRequest;
  idempotencyKey: string | null;
  log: Log;
};

export type PostedTurn = { stored: StoredTurn; timings: TurnTimings; replayed: boolean };

/** A turn that has begun: stored before under the same key, or claimed, planned and ready to run. */
export type BegunTurn =
  | { kind: "replay"; posted: PostedTurn }
  | { kind: "run"; runId: string; turnId: string; finish: (emit: EmitTurnEvent) => Promise<PostedTurn> };

/**
 * Claims the session and plans the turn. Whatever is refused is refused here, before any model is called;
 * `finish` then asks the agents and commits.
 * @throws PantheonError as docs/api.md lists under POST …/turns.
 */
export async function beginTurn(deps: Deps, turn: TurnRequest): Promise<BegunTurn> {
  const startedMs = deps.nowMs();
  const openedAt = deps.now();
  requireKnownModel(deps.catalog, turn.request.modelAliasOverride);
  const requestHash = await deps.digest(
    canonicalRequest({ kind: "turn", sessionId: turn.sessionId, turnId: null, body: turn.request }),
  );
  const { findings, roundTrips } = await openTurn(deps.db, {
    sessionId: turn.sessionId,
    userId: turn.user.userId,
    runId: deps.newId(),
    holder: deps.newId(),
    idempotencyKey: turn.idempotencyKey,
    requestHash,
    request: turn.request,
    leaseMs: deps.limits.turnLeaseMs,
    historyCharacters: historyCharacters(
      deps.catalog,
      deps.limits.maxOutputTokens,
      turn.request.modelAliasOverride,
    ),
  });
  const verdict = judgeOpen(findings, { idempotencyKey: turn.idempotencyKey, requestHash });
  const openMs = deps.nowMs() - startedMs;
  if (verdict.kind === "replay") {
    return {
      kind: "replay",
      posted: await replayTurn(deps, turn, verdict.turnId, { startedMs, openMs, roundTrips }),
    };
  }
  const { claim } = verdict;
  const plan = await planOrRelease(deps, claim);
  const opened: OpenedTurn = { claim, plan, openedAt, startedMs, openMs, roundTrips };
  return {
    kind: "run",
    runId: claim.runId,
    turnId: claim.turnId,
    finish: (emit) => finishTurn(deps, turn, opened, emit),
  };
}

type OpenedTurn = {
  claim: OpenedClaim;
  plan: TurnPlan;
  openedAt: Date;
  startedMs: number;
  openMs: number;
  roundTrips: number;
};

/** Runs the plan and commits what came of it. Agents that fail are part of a stored turn. */
async function finishTurn(
  deps: Deps,
  turn: TurnRequest,
  opened: OpenedTurn,
  emit: EmitTurnEvent,
): Promise<PostedTurn> {
  const { claim, plan, openedAt } = opened;
  const { goal, roster } = claim.snapshot;
  const context = { goal, roster, history: claim.history, userMessage: claim.request.message };
  const outcome = await deps.runTurn(plan, context, emit);
  const commitStartedMs = deps.nowMs();
  const record = buildTurnRecord({
    ...{ claim, plan, outcome, openedAt, finishedAt: deps.now() },
    ...{ userId: turn.user.userId, catalog: deps.catalog, maxOutputTokens: deps.limits.maxOutputTokens },
    newId: deps.newId,
  });
  const commitRoundTrips = await commitTurn(deps.db, record, deps.catalog).catch(async (error: unknown) => {
    await reportLostSpend(deps, turn.log, error, record.ledger);
    throw error;
  });
  const endedMs = deps.nowMs();
  turn.log.info("turn_committed", {
    turn_id: record.turn.id,
    status: record.turn.status,
    calls: record.ledger.length,
  });
  return {
    stored: record,
    replayed: false,
    timings: {
      openMs: opened.openMs,
      modelMs: outcome.modelMs,
      toolsMs: 0,
      commitMs: endedMs - commitStartedMs,
      totalMs: endedMs - opened.startedMs,
      databaseRoundTrips: opened.roundTrips + commitRoundTrips,
      checkpointRoundTrips: 0,
    },
  };
}

/** Runs one turn from its request to its stored rows. */
export async function postTurn(deps: Deps, turn: TurnRequest): Promise<PostedTurn> {
  const begun = await beginTurn(deps, turn);
  return begun.kind === "replay" ? begun.posted : begun.finish(emitNothing);
}

/** A request that cannot be planned gives its claim back before it is refused. */
async function planOrRelease(deps: Deps, claim: OpenedClaim): Promise<TurnPlan> {
  const { snapshot, request } = claim;
  const verdict = planTurn({ ...snapshot, ...request });
  if (verdict.ok) return verdict.plan;
  await releaseClaim(deps.db, claim);
  throw new PantheonError(verdict.refusal.code, verdict.refusal.detail);
}

/** A holder that was replaced writes nothing into the turn, but what it spent goes on the books. */
async function reportLostSpend(
  deps: Deps,
  log: Log,
  error: unknown,
  ledger: StoredTurn["ledger"],
): Promise<void> {
  log.error("turn_not_committed", { code: error instanceof PantheonError ? error.code : "unknown" });
  if (!(error instanceof PantheonError) || error.code !== "turn_conflict") return;
  await reportLateSpend(deps.db, ledger).catch(() => {
    log.error("late_spend_lost", { ledger_ids: ledger.map(({ id }) => id) });
  });
}

type ReplayTimes = { startedMs: number; openMs: number; roundTrips: number };

async function replayTurn(
  deps: Deps,
  turn: TurnRequest,
  turnId: string,
  times: ReplayTimes,
): Promise<PostedTurn> {
  const found = await readTurn(deps, turn.user, turn.sessionId, turnId);
  if (found.kind !== "stored") throw new PantheonError("internal_error", "The stored turn cannot be read.");
  return {
    stored: found.stored,
    replayed: true,
    timings: {
      openMs: times.openMs,
      modelMs: 0,
      toolsMs: 0,
      commitMs: 0,
      totalMs: deps.nowMs() - times.startedMs,
      databaseRoundTrips: times.roundTrips + 1,
      checkpointRoundTrips: 0,
    },
  };
}
