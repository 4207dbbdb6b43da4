/** Why a run stops before its end. Each reason is the name of an ending. */
export type StopReason = "lease_not_renewed";

export type LeaseOptions = {
  leaseMs: number;
  /** When the request that took or last renewed the lease was sent, by this holder's own clock. */
  sentMs: number;
  now: () => number;
  /** Renews the lease; false: the claim has another holder. Rejects where the database did not answer. */
  renew: () => Promise<boolean>;
};

/** A holder's own view of its lease. It must stop before the database lets another holder take over. */
export type Lease = {
  /** Aborts, with a StopReason, once no further call may be made under this lease. */
  signal: AbortSignal;
  /** Why the signal has aborted. */
  stopReason(): StopReason;
  /** Whether a call may be started now, by the clock: correct also right after a pause of the whole process. */
  isHeld(): boolean;
  /** A write that renewed the lease, sent at `sentMs`, succeeded. */
  confirm(sentMs: number): void;
  /** The claim has another holder, or may have one. */
  lose(): void;
  /** Renews at once, beside what the holder does. */
  renewNow(): void;
  /** Ends the renewals; resolves once none is in flight. */
  end(): Promise<void>;
};

const maxMarginMs = 5_000;
const maxRenewalMs = 10_000;

/**
 * Renews a lease by timer and stops in time. Once lease − 5 s have passed since the last confirmed renewal was sent, the
 * holder starts no call and aborts those in flight.
 */
export function keepLease({ leaseMs, sentMs, now, renew }: LeaseOptions): Lease {
  const heldMs = leaseMs - Math.min(maxMarginMs, leaseMs / 3);
  const renewEveryMs = Math.min(maxRenewalMs, leaseMs / 3);
  const stopped = new AbortController();
  let confirmedMs = sentMs;
  let cutOffTimer: ReturnType<typeof setTimeout> | null = null;
  let renewing: Promise<void> = Promise.resolve();
  let stopReason: StopReason = "lease_not_renewed";
  const stop = (reason: StopReason) => {
    if (stopped.signal.aborted) return;
    stopReason = reason;
    stopped.abort(reason);
  };
  const isHeld = () => !stopped.signal.aborted && now() - confirmedMs < heldMs;
  const lose = () => stop("lease_not_renewed");
  const watch = () => {
    clearTimeout(cutOffTimer);
    cutOffTimer = setTimeout(() => (isHeld() ? watch() : lose()), Math.max(0, confirmedMs + heldMs - now()));
  };
  const confirm = (renewedMs: number) => {
    if (renewedMs <= confirmedMs) return;
    confirmedMs = renewedMs;
    watch();
  };
  const renewNow = () => {
    if (!isHeld()) return lose();
    const renewalSentMs = now();
    renewing = renew().then(
      (isRenewed) => (isRenewed ? confirm(renewalSentMs) : lose()),
      // The next tick tries again; the cut-off stays where it is.
      () => undefined,
    );
  };
  const renewal = setInterval(renewNow, renewEveryMs);
  watch();
  return {
    signal: stopped.signal,
    stopReason: () => stopReason,
    isHeld,
    confirm,
    lose,
    renewNow,
    end() {
      clearInterval(renewal);
      clearTimeout(cutOffTimer);
      return renewing;
    },
  };
}
