import { loadLeaseLeft } from "../db/turn/lease-left.ts";
import { loadResumedTurn } from "../db/turn/resumed-turn.ts";
import type { ClaimRow } from "../db/turn/stored-turn.ts";
import type { AbandonedTurn, RunKey } from "../db/turn/take-over-run.ts";
import type { Deps } from "../deps.ts";
import { historyCharacters } from "../domain/context/context-budget.ts";
import type { Log } from "../domain/log.ts";
import { prepareRun } from "./plan.ts";
import { settleTakenRun, takeRun } from "./recover.ts";
import type { Requester, Run, RunRequest } from "./run.ts";

/** A run with more than five lost holders is not resumed: it may be why they were lost, and each makes calls that cost. */
const maxPastHolders = 5;

export type Resumption =
  | { kind: "taken"; run: Run }
  /** Another holder has the run. What is left of its lease, ms. */
  | { kind: "held"; leaseLeftMs: number }
  /** The run has ended. */
  | { kind: "over" };

/**
 * Takes over a run whose lease has run out, whatever its key, and prepares to go on with it. A run that cannot go on is
 * settled: it was cancelled, its session was deleted, or too many holders were lost with it.
 * @throws PantheonError the plan's refusal, after the run has ended.
 */
export async function resumeRun(deps: Deps, key: RunKey, log: Log): Promise<Resumption> {
  const startedMs = deps.nowMs();
  const takeover = await takeRun(deps, key, log);
  if (takeover.kind === "claim_deleted") return { kind: "over" };
  if (takeover.kind === "not_free") {
    const leaseLeftMs = await loadLeaseLeft(deps.db, key);
    return leaseLeftMs === null ? { kind: "over" } : { kind: "held", leaseLeftMs };
  }
  const taken = takeover.turn;
  const alias = taken.claim.request.modelAliasOverride ?? null;
  const windowBounds = {
    ...historyCharacters(deps.catalog, alias),
    keepRawTurns: deps.settings.context.keepRawTurns,
  };
  const { cancelledAt, pastHolders } = taken.claim;
  const mayResume = cancelledAt === null && pastHolders.length <= maxPastHolders;
  const turn = mayResume ? await loadResumedTurn(deps.db, taken, windowBounds) : null;
  if (turn === null) {
    await settleTakenRun(deps, taken, log);
    return { kind: "over" };
  }
  const start = { startedMs, sentMs: startedMs, openMs: deps.nowMs() - startedMs };
  log.warn("run_resumed", { past_holders: turn.claim.pastHolders.length });
  return {
    kind: "taken",
    run: await prepareRun(deps, { start, request: toRequest(taken, deps, log), turn }),
  };
}

/** The request of a run as its claim has it: who sent it is no longer there. */
function toRequest({ claim, userId }: AbandonedTurn, { newId }: Pick<Deps, "newId">, log: Log): RunRequest {
  const requester: Requester = {
    user: { userId, email: null },
    sessionId: claim.sessionId,
    idempotencyKey: claim.idempotencyKey,
    requestId: newId(),
    log,
  };
  return { ...requester, ...toKind(claim) };
}

function toKind({ kind, turnId, request }: ClaimRow) {
  switch (kind) {
    case "turn":
      return { kind, request };
    case "retry":
      return { kind, turnId };
  }
}
