/** Why a run stops before its end: the name of an ending. */
export const stopReason = "lease_not_renewed";

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
  /** Aborts, with `stopReason`, once no further call may be made under this lease. */
  signal: AbortSignal;
  /** Whether a call may be started now. It asks the clock, so it is right also after a pause of the whole process. */
  isHeld(): boolean;
  /** A write that renewed the lease, sent at `sentMs`, succeeded. */
  confirm(sentMs: number): void;
  /** The lease was not renewed in time: the claim has another holder, or may have one. */
  notRenewed(): void;
  /** Renews at once, and does not wait for the next renewal. */
  renewNow(): void;
  /** Ends the renewals; resolves once none is in flight. */
  end(): Promise<void>;
};

const maxMarginMs = 5_000;
const maxRenewalMs = 10_000;

/**
 * Renews a lease by timer and stops in time: 5 s before the lease ends, or a third of the lease where that is less. From
 * then on the holder starts no call and aborts those in flight. Time is counted from when a renewal was sent.
 */
export function keepLease({ leaseMs, sentMs, now, renew }: LeaseOptions): Lease {
  const heldMs = leaseMs - Math.min(maxMarginMs, leaseMs / 3);
  const stopped = new AbortController();
  let confirmedMs = sentMs;
  let renewing: Promise<void> = Promise.resolve();
  const leftMs = () => (stopped.signal.aborted ? 0 : confirmedMs + heldMs - now());
  const isHeld = () => leftMs() > 0;
  const notRenewed = () => stopped.abort(stopReason);
  const cutOff = startCutOff(leftMs, notRenewed);
  const confirm = (renewedMs: number) => {
    if (renewedMs <= confirmedMs) return;
    confirmedMs = renewedMs;
    cutOff.reset();
  };
  const renewNow = () => {
    if (!isHeld()) return notRenewed();
    const renewalSentMs = now();
    renewing = renew().then(
      (isRenewed) => (isRenewed ? confirm(renewalSentMs) : notRenewed()),
      // The next tick tries again; the cut-off stays where it is.
      () => undefined,
    );
  };
  const renewal = setInterval(renewNow, Math.min(maxRenewalMs, leaseMs / 3));
  const end = () => {
    clearInterval(renewal);
    cutOff.clear();
    return renewing;
  };
  return { signal: stopped.signal, isHeld, confirm, notRenewed, renewNow, end };
}

/** Calls `onEnd` once no time is left, however often that time has become longer since. */
function startCutOff(leftMs: () => number, onEnd: () => void) {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const clear = () => clearTimeout(timer);
  const reset = () => {
    clear();
    timer = setTimeout(() => (leftMs() > 0 ? reset() : onEnd()), Math.max(0, leftMs()));
  };
  reset();
  return { reset, clear };
}
