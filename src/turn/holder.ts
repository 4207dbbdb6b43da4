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

/** `sentMs`: when the request that took the claim was sent. */
export function startHolder(
  deps: Deps,
  claim: Claim,
  { sentMs, log, onCancelled, maxHold }: HolderStart,
): Holder {
  const { turnLeaseMs: leaseMs } = deps.settings;
  const { db, requests } = countRequests(deps.db);
  const { db: renewals } = countRequests(deps.db);
  let checkpointFailed = false;
  /** Null once a write has lowered the holds. */
  let unsentMaxHold = maxHold;
  const lease = keepLease({
    leaseMs,
    sentMs,
    now: deps.nowMs,
    renew: async () => {
      const renewal = await renewLease(renewals, claim, { leaseMs, maxHold: unsentMaxHold });
      if (renewal === "lost") return false;
      unsentMaxHold = null;
      if (renewal === "cancelled") onCancelled();
      return true;
    },
  });
  const warnDegraded = () => {
    if (!checkpointFailed) log.warn("checkpoint_degraded");
    checkpointFailed = true;
  };
  return {
    lease,
    spent: [],
    requests,
    checkpointFailed: () => checkpointFailed,
    mayCall() {
      if (!lease.isHeld()) lease.notRenewed();
      return lease.isHeld();
    },
    async storeCheckpoint(rows) {
      const writeSentMs = deps.nowMs();
      const result: StoreResult = await storeCheckpoint(db, claim, { rows, leaseMs, maxHold: unsentMaxHold });
      if (result === "stored" || result === "stored_in_part") unsentMaxHold = null;
      switch (result) {
        case "stored":
          lease.confirm(writeSentMs);
          return true;
        case "stored_in_part":
          lease.confirm(writeSentMs);
          warnDegraded();
          return true;
        case "lost":
          lease.notRenewed();
          return false;
        case "failed":
          warnDegraded();
          return false;
      }
    },
  };
}
