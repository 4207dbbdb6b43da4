import fc from "fast-check";
import { expect, test } from "vitest";
import { createTurnPace, deployedLimits } from "../../../dev/validate/turn-pace.ts";

const { posts: limit, periodMs } = deployedLimits;

test("the pace keeps every period within the limit, and delays no post that fits", async () => {
  const arrivals = fc.array(
    fc.record({ posts: fc.integer({ min: 1, max: limit }), gapMs: fc.nat(periodMs) }),
  );
  await fc.assert(
    fc.asyncProperty(arrivals, async (asked) => {
      let now = 0;
      const begun: number[] = [];
      const waited: number[] = [];
      const sleep = async (ms: number) => {
        now += ms;
      };
      const pace = createTurnPace(
        { nowMs: () => now, sleep, onWait: (ms) => waited.push(ms) },
        deployedLimits,
      );
      for (const { posts, gapMs } of asked) {
        now += gapMs;
        const recent = begun.filter((at) => at > now - periodMs).length;
        const waits = waited.length;
        await pace.admit(posts);
        expect(waited.length > waits).toBe(recent + posts > limit);
        begun.push(...Array<number>(posts).fill(now));
      }
      for (const at of begun) {
        expect(begun.filter((other) => other > at - periodMs && other <= at).length).toBeLessThanOrEqual(
          limit,
        );
      }
      for (const ms of waited) expect(ms).toBeGreaterThan(0);
    }),
  );
});
