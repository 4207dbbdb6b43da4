import { type StoreVerdict, storeStep } from "../db/checkpoint/store-step.ts";
import type { ClaimHold } from "../db/turn/claim-statements.ts";
import { renewLease } from "../db/turn/renew-lease.ts";
import type { Deps } from "../deps.ts";
import type { Log } from "../domain/log.ts";
import type { ModelCallRecord } from "../domain/turn/turn-outcome.ts";
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
  /**
   * Stores rows and lets the lease run out now, so that whoever comes next need not wait for it. It is tried again
   * after each pause.
   */
  giveUp(rows: StepRows, options?: GiveUpOptions): Promise<StoreVerdict>;
};

type GiveUpOptions = { pausesMs?: readonly number[]; onRequest?: () => void };

/** What a holder leaves behind is worth a wait: a database that is away is often back in a moment. */
const patientPausesMs = [500, 2_000];

/** `sentMs` is when the open that took the claim was sent. */
export function holdRun(deps: Deps, hold: ClaimHold, sentMs: number, log: Log): HeldRun {
  const { turnLeaseMs: leaseMs } = deps.limits;
  let requests = 0;
  const countRequest = () => {
    requests += 1;
  };
  let isDegraded = false;
  const lease = keepLease({
    leaseMs,
    sentMs,
    now: deps.nowMs,
    renew: () => {
      countRequest();
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
      const stepSentMs = deps.nowMs();
      const verdict = await storeStep(deps.db, hold, { rows, leaseMs, onRequest: countRequest });
      if (verdict === "stored") lease.confirm(stepSentMs);
      if (verdict === "lost") lease.lose();
      if (verdict === "failed" && !isDegraded) {
        isDegraded = true;
        log.warn("checkpoint_degraded", { run_id: hold.runId });
      }
      return verdict === "stored";
    },
    async giveUp(rows, { pausesMs = patientPausesMs, onRequest = countRequest } = {}) {
      // A renewal that came after it would take the lease up again.
      await lease.end();
      return storeStep(deps.db, hold, { rows, leaseMs: 0, pausesMs, onRequest });
    },
  };
}
