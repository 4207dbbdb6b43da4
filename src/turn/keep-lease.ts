/** Why a run was stopped before its end; nothing of it is committed by this holder. */
export type RunStop = { stop: "lease_lost" | "client_gone" };

export type LeaseOptions = {
  leaseMs: number;
  /** When the request that took or last renewed the lease was sent, by this holder's own clock. */
  sentMs: number;
  now: () => number;
  /** Renews the lease; false: the claim is no longer ours. Rejects where the database did not answer. */
  renew: () => Promise<boolean>;
};

/** A holder's own view of its lease: it must stop before the database lets somebody else take over. */
export type Lease = {
  /** Aborts with a RunStop once the claim is lost, or may be. */
  signal: AbortSignal;
  /** Whether a call may be started now; true by the clock, also right after a pause of the whole process. */
  isHeld(): boolean;
  /** A write that renewed the lease, sent at `sentMs`, succeeded. */
  confirm(sentMs: number): void;
  lose(): void;
  /** Nobody waits for the run any more: no further call is made under this lease. */
  giveUp(): void;
  /** Whether it was given up, and not lost before. */
  isGivenUp(): boolean;
  /** Ends the renewals; resolves once none is under way any more. */
  end(): Promise<void>;
};

const longestMarginMs = 5_000;
const longestRenewalMs = 10_000;

/**
 * Renews a lease by timer and gives it up in time: a holder starts no call, and aborts those running, once its
 * own elapsed time since it sent its last confirmed renewal passes lease − 5 s.
 */
export function keepLease({ leaseMs, sentMs, now, renew }: LeaseOptions): Lease {
  const heldMs = leaseMs - Math.min(longestMarginMs, leaseMs / 3);
  const renewEveryMs = Math.min(longestRenewalMs, leaseMs / 3);
  const stopped = new AbortController();
  let confirmedMs = sentMs;
  let cutOff: ReturnType<typeof setTimeout> | null = null;
  let renewing: Promise<void> = Promise.resolve();
  let isGivenUp = false;
  const isHeld = () => !stopped.signal.aborted && now() - confirmedMs < heldMs;
  const lose = () => stopped.abort({ stop: "lease_lost" } satisfies RunStop);
  const watch = () => {
    clearTimeout(cutOff);
    cutOff = setTimeout(() => (isHeld() ? watch() : lose()), Math.max(0, confirmedMs + heldMs - now()));
  };
  const confirm = (renewedMs: number) => {
    if (renewedMs <= confirmedMs) return;
    confirmedMs = renewedMs;
    watch();
  };
  const renewal = setInterval(() => {
    if (!isHeld()) return lose();
    const renewalSentMs = now();
    renewing = renew().then(
      (isOurs) => (isOurs ? confirm(renewalSentMs) : lose()),
      // The next tick tries again; the cut-off stands.
      () => undefined,
    );
  }, renewEveryMs);
  watch();
  return {
    signal: stopped.signal,
    isHeld,
    confirm,
    lose,
    giveUp() {
      isGivenUp ||= !stopped.signal.aborted;
      stopped.abort({ stop: "client_gone" } satisfies RunStop);
    },
    isGivenUp: () => isGivenUp,
    end() {
      clearInterval(renewal);
      clearTimeout(cutOff);
      return renewing;
    },
  };
}
