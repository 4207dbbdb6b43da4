import { type CancelledTurn, cancelTurnClaim } from "../db/turn/cancel-claim.ts";
import type { Deps } from "../deps.ts";
import { wakeQueue } from "./queue.ts";
import type { Requester } from "./run.ts";
import { stopCancelledRun } from "./stop-cancelled-run.ts";

/**
 * Cancels the live run of a turn: its calls are aborted, agents that have not answered fail with `cancelled`,
 * and the turn is stored with what had arrived. A turn that is over stays as it is.
 * @throws PantheonError `not_found`.
 */
export async function cancelTurn(
  deps: Deps,
  { user, sessionId, log }: Pick<Requester, "user" | "sessionId" | "log">,
  turnId: string,
): Promise<CancelledTurn["status"]> {
  const { status, run } = await cancelTurnClaim(
    deps.db,
    { sessionId, userId: user.userId, leaseMs: deps.settings.turnLeaseMs },
    turnId,
  );
  if (run !== null) await stopCancelledRun(deps, run, log);
  // Requests that wait for the turn's start are answered.
  if (status === "cancelled") wakeQueue(deps, sessionId, log);
  return status;
}
