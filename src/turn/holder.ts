import { type StoreResult, storeCheckpoint } from "../db/checkpoint/store-checkpoint.ts";
import { countRequests } from "../db/core/client.ts";
import { renewLease } from "../db/turn/renew-lease.ts";
import type { Deps } from "../deps.ts";
import type { Log } from "../domain/log.ts";
import type { CheckpointRows } from "../domain/turn/checkpoint.ts";
import type { Claim } from "../domain/turn/claim.ts";
import type { ModelCallRecord } from "../domain/turn/turn-outcome.ts";
import { keepLease, type Lease } from "./lease.ts";

/** What a holder does for its run outside the graph: it keeps the lease, stores checkpoints, and collects its calls. */
export type Holder = {
  lease: Lease;
  /** All calls that this holder has made so far, failed ones included. */
  spent: ModelCallRecord[];
  /** Whether a call may be started now. */
  mayCall(): boolean;
  /**
   * Stores rows of the run's checkpoints and renews the lease in the same request. False: the rows are not stored, and
   * go with the next checkpoint. Never rejects.
   */
  storeCheckpoint(rows: CheckpointRows): Promise<boolean>;
  /** Whether a checkpoint was stored late, in part, or not at all. */
  checkpointFailed(): boolean;
  /** Requests to the database that overlapped model calls; renewals of the lease are not counted. */
  requests(): number;
};

type HolderStart = {
  sentMs: number;
  log: Log;
  /** Called where a renewal finds that the run was cancelled. */
  onCancelled: () => void;
  /** Lowers what the run holds of its budgets to this amount, a decimal of credits. Null: the holds stay as they are. */
  maxHold: string | null;
};

/** What the run may hold of its budgets at most; null: nothing is left to lower. The next write of the lease lowers it. */
type HoldLimit = { unsent: string | null };

/** `sentMs`: when the request that took the claim was sent. */
export function startHolder(deps: Deps, claim: Claim, start: HolderStart): Holder {
  const limit: HoldLimit = { unsent: start.maxHold };
  // The answer does not wait for renewals: they are counted apart from all other requests.
  const renewing: Deps = { ...deps, db: countRequests(deps.db).db };
  const lease = keepLease({
    leaseMs: deps.settings.turnLeaseMs,
    sentMs: start.sentMs,
    now: deps.nowMs,
    renew: () => renewOnce(renewing, claim, limit, start.onCancelled),
  });
  return {
    lease,
    spent: [],
    mayCall() {
      if (!lease.isHeld()) lease.notRenewed();
      return lease.isHeld();
    },
    ...keepCheckpoints(deps, claim, { lease, limit, log: start.log }),
  };
}

/** False: another holder has the claim. */
async function renewOnce({ db, settings }: Deps, claim: Claim, limit: HoldLimit, onCancelled: () => void) {
  const renewal = await renewLease(db, claim, { leaseMs: settings.turnLeaseMs, maxHold: limit.unsent });
  if (renewal === "lost") return false;
  limit.unsent = null;
  if (renewal === "cancelled") onCancelled();
  return true;
}

type CheckpointKeeper = { lease: Lease; limit: HoldLimit; log: Log };

/** Stores checkpoints of the run, and counts its requests. */
function keepCheckpoints(deps: Deps, claim: Claim, { lease, limit, log }: CheckpointKeeper) {
  const { db, requests } = countRequests(deps.db);
  let hasFailed = false;
  const warnDegraded = () => {
    if (!hasFailed) log.warn("checkpoint_degraded");
    hasFailed = true;
  };
  const confirmStored = (sentMs: number) => {
    limit.unsent = null;
    lease.confirm(sentMs);
  };
  const storeRows = async (rows: CheckpointRows): Promise<boolean> => {
    const sentMs = deps.nowMs();
    const write = { rows, leaseMs: deps.settings.turnLeaseMs, maxHold: limit.unsent };
    const result: StoreResult = await storeCheckpoint(db, claim, write);
    switch (result) {
      case "stored":
        confirmStored(sentMs);
        return true;
      case "stored_in_part":
        confirmStored(sentMs);
        warnDegraded();
        return true;
      case "lost":
        lease.notRenewed();
        return false;
      case "failed":
        warnDegraded();
        return false;
    }
  };
  return { storeCheckpoint: storeRows, checkpointFailed: () => hasFailed, requests };
}
