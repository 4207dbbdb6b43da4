import type { OpenedClaim, OpenResult } from "../db/turn/open-turn.ts";
import type { StoredTurn } from "../db/turn/stored-turn.ts";
import type { Deps } from "../deps.ts";
import { historyCharacters } from "../domain/context/context-budget.ts";
import { PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { judgeOpen, turnConflictDetail } from "../domain/turn/claim-verdict.ts";
import { canonicalRequest, type HashedRequest } from "../domain/turn/request-hash.ts";
import type { User } from "../domain/user.ts";
import { admitTurn } from "./admit-turn.ts";
import { type BegunRun, finishRun, type OpenedRun } from "./finish-run.ts";
import type { PlannedRun } from "./plan-run.ts";
import { recallRun } from "./recall-run.ts";
import { replayTurn } from "./replay-turn.ts";
import { settleRun } from "./settle-run.ts";

export type RunRequest = {
  user: User;
  sessionId: string;
  idempotencyKey: string | null;
  log: Log;
};

/** What the opens of a turn and of a retry have in common. */
export type CommonOpen = Awaited<ReturnType<typeof describeOpen>>;

async function describeOpen(
  deps: Deps,
  request: RunRequest,
  hashed: HashedRequest,
  modelAliasOverride: string | null,
) {
  const { maxOutputTokens, keepRawTurns } = deps.limits.context;
  return {
    sessionId: request.sessionId,
    userId: request.user.userId,
    runId: deps.newId(),
    userMessageId: deps.newId(),
    holder: deps.newId(),
    idempotencyKey: request.idempotencyKey,
    requestHash: await deps.digest(canonicalRequest(hashed)),
    leaseMs: deps.limits.turnLeaseMs,
    window: { ...historyCharacters(deps.catalog, maxOutputTokens, modelAliasOverride), keepRawTurns },
    modelAliasOverride,
  };
}

type Kind<Claim extends OpenedClaim> = {
  hashed: HashedRequest;
  modelAliasOverride: string | null;
  open: (common: CommonOpen) => Promise<OpenResult<Claim>>;
  plan: (claim: Claim) => Promise<PlannedRun>;
  retried: (claim: Claim) => StoredTurn | null;
};

/**
 * Opens a run of either kind and plans it. Whatever is refused is refused here, before any model is called;
 * `finish` of what comes back then asks the agents and commits.
 */
export async function beginRun<Claim extends OpenedClaim>(
  deps: Deps,
  request: RunRequest,
  kind: Kind<Claim>,
): Promise<BegunRun> {
  const startedMs = deps.nowMs();
  await admitTurn(deps, request);
  const openedAt = deps.now();
  const common = await describeOpen(deps, request, kind.hashed, kind.modelAliasOverride);
  const { verdict, sentMs, roundTrips } = await openUntilFree(deps, request, kind, common);
  const times = { startedMs, openMs: deps.nowMs() - startedMs, roundTrips };
  if (verdict.kind === "replay") return replayTurn(deps, request, verdict, times);
  const { claim } = verdict;
  const planned = await kind.plan(claim);
  const { user, log } = request;
  const opened: OpenedRun = {
    claim,
    retried: kind.retried(claim),
    ...planned,
    userId: user.userId,
    log,
    openedAt,
    sentMs,
    ...times,
  };
  const recall = () => {
    opened.roundTrips += 1;
    return recallRun(deps, opened);
  };
  return {
    kind: "run",
    runId: claim.runId,
    turnId: claim.turnId,
    recall: claim.pastHolders.length === 0 ? null : recall,
    finish: (client) => finishRun(deps, opened, client),
  };
}

/** A run whose holder is gone is settled first; whoever else does so at the same time, one of them does it. */
async function openUntilFree<Claim extends OpenedClaim>(
  deps: Deps,
  request: RunRequest,
  kind: Kind<Claim>,
  common: CommonOpen,
) {
  let roundTrips = 0;
  for (let tries = 1; ; tries += 1) {
    const sentMs = deps.nowMs();
    const opened = await kind.open(common);
    roundTrips += opened.roundTrips;
    const verdict = judgeOpen(opened.findings, common);
    if (verdict.kind !== "settle") return { verdict, sentMs, roundTrips };
    if (tries > mostSettlements) throw new PantheonError("turn_conflict", turnConflictDetail);
    const { sessionId } = request;
    roundTrips += await settleRun(deps, { sessionId, runId: verdict.runId }, request.log);
  }
}

const mostSettlements = 3;
