import type { ClaimHold } from "../db/claim-statements.ts";
import { renewLease } from "../db/renew-lease.ts";
import { storeStep } from "../db/store-step.ts";
import type { Deps } from "../deps.ts";
import type { Log } from "../domain/log.ts";
import type { ModelCallRecord } from "../domain/turn-outcome.ts";
import type { StepRows } from "../runtime/checkpoint/checkpoint-rows.ts";
import { keepLease, type Lease } from "./keep-lease.ts";

/** What a holder does for its run while the run goes on: its lease, its checkpoints, its spend. */
export type HeldRun = {
  lease: Lease;
  /** All that this holder has paid for so far, whatever became of it. */
  spent: ModelCallRecord[];
  isDegraded(): boolean;
  requests(): number;
  mayCall(): boolean;
  storeStep(rows: StepRows): Promise<boolean>;
};

/** `sentMs` is when the open that took the claim was sent. */
export function holdRun(deps: Deps, hold: ClaimHold, sentMs: number, log: Log): HeldRun {
  const { turnLeaseMs: leaseMs } = deps.limits;
  let requests = 0;
  let isDegraded = false;
  const lease = keepLease({
    leaseMs,
    sentMs,
    now: deps.nowMs,
    renew: () => {
      requests += 1;
      return renewLease(deps.db, hold, leaseMs);
    },
  });
  return {
    lease,
    spent: [],
    isDegraded: () => isDegraded,
    requests: () => requests,
    mayCall() {
      if (!lease.isHeld()) lease.lose();
      return lease.isHeld();
    },
    async storeStep(rows) {
      requests += 1;
      const stepSentMs = deps.nowMs();
      const verdict = await storeStep(deps.db, hold, leaseMs, rows);
      if (verdict === "stored") lease.confirm(stepSentMs);
      if (verdict === "lost") lease.lose();
      if (verdict === "failed" && !isDegraded) {
        isDegraded = true;
        log.warn("checkpoint_degraded", { run_id: hold.runId });
      }
      return verdict === "stored";
    },
  };
}
