import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { keepLease, type LeaseOptions } from "../../../src/turn/lease.ts";

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const renews = () => Promise.resolve(true);
const fails = () => Promise.reject(new Error("the database is away"));

function keep(renew: LeaseOptions["renew"], options: Partial<LeaseOptions> = {}) {
  const asked = vi.fn(renew);
  const lease = keepLease({ leaseMs: 30_000, sentMs: 0, now: Date.now, renew: asked, ...options });
  return { lease, asked };
}

describe("a lease of 30 s", () => {
  test("is renewed every 10 s while its run goes on, and not afterwards", async () => {
    const { lease, asked } = keep(renews);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(asked).toHaveBeenCalledTimes(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(590_000);
    expect(asked).toHaveBeenCalledTimes(60);
    expect(lease.isHeld()).toBe(true);

    await lease.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveBeenCalledTimes(60);
    expect(vi.getTimerCount()).toBe(0);
    expect(lease.signal.aborted).toBe(false);
  });

  test("that cannot be renewed ends 5 s early, by the holder's own clock", async () => {
    const { lease } = keep(fails);
    await vi.advanceTimersByTimeAsync(24_999);
    expect(lease.isHeld()).toBe(true);
    expect(lease.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(lease.isHeld()).toBe(false);
    expect(lease.signal.reason).toEqual("lease_not_renewed");
  });

  test("begins when its last confirmed renewal was sent, not when it was answered", async () => {
    const answer = Promise.withResolvers<boolean>();
    const { lease } = keep(vi.fn<LeaseOptions["renew"]>(fails).mockReturnValueOnce(answer.promise));
    await vi.advanceTimersByTimeAsync(20_000);
    answer.resolve(true);
    await vi.advanceTimersByTimeAsync(14_999);
    expect(lease.isHeld()).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(lease.signal.aborted).toBe(true);
  });

  test("is extended by a checkpoint that was stored with it; an earlier one does not shorten it", async () => {
    const { lease } = keep(fails);
    await vi.advanceTimersByTimeAsync(15_000);
    lease.confirm(15_000);
    lease.confirm(3_000);
    await vi.advanceTimersByTimeAsync(24_999);
    expect(lease.isHeld()).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(lease.isHeld()).toBe(false);
  });

  test("that another holder has ends at once", async () => {
    const { lease } = keep(() => Promise.resolve(false));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(lease.signal.reason).toEqual("lease_not_renewed");
    expect(lease.signal.reason).toBe("lease_not_renewed");
  });

  test("is lost where the process was paused for longer, before any timer runs", () => {
    let nowMs = 0;
    const { lease } = keep(renews, { now: () => nowMs });
    nowMs = 25_000;
    expect(lease.isHeld()).toBe(false);
  });

  test("is not renewed after its end, which waits for a renewal in flight", async () => {
    const answer = Promise.withResolvers<boolean>();
    const { lease } = keep(() => answer.promise);
    await vi.advanceTimersByTimeAsync(10_000);
    lease.notRenewed();
    expect([lease.isHeld(), lease.signal.reason]).toEqual([false, "lease_not_renewed"]);

    const ended = vi.fn();
    void lease.end().then(ended);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ended).not.toHaveBeenCalled();
    answer.resolve(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(ended).toHaveBeenCalledOnce();
    expect(lease.isHeld()).toBe(false);
  });
});
