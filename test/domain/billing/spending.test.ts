import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CallLimits,
  createSpending,
  minPaidOutputTokens,
  worstCaseE8,
} from "../../../src/domain/billing/spending.ts";

const call: CallLimits = { inputTokens: 1_000, maxOutputTokens: 1_000, multiplierHundredths: 100 };
const all = worstCaseE8(call);

describe("a call", () => {
  test("takes its worst case, and gives back what it did not cost", async () => {
    const spending = createSpending(all);
    const first = await spending.takeCall(call);
    expect(first?.maxOutputTokens).toBe(1_000);
    expect(spending.paysForOne([call])).toBe(false);
    first?.end(0n);
    expect((await spending.takeCall(call))?.maxOutputTokens).toBe(1_000);
  });

  test("has less output where the rest pays for less, and is not made below 256 tokens", async () => {
    const shortest = worstCaseE8({ ...call, maxOutputTokens: minPaidOutputTokens });
    expect((await createSpending(shortest).takeCall(call))?.maxOutputTokens).toBe(256);
    expect(await createSpending(shortest - 1n).takeCall(call)).toBeNull();
  });

  test("whose agent wants less than 256 tokens is made with those, and not with fewer", async () => {
    const short = { ...call, maxOutputTokens: 10 };
    expect((await createSpending(worstCaseE8(short)).takeCall(short))?.maxOutputTokens).toBe(10);
    expect(await createSpending(worstCaseE8(short) - 1n).takeCall(short)).toBeNull();
  });

  test("that does not fit waits for calls in flight, and is refused once none is left that could free it", async () => {
    const spending = createSpending(all);
    const first = await spending.takeCall(call);
    const second = spending.takeCall(call);
    const third = spending.takeAmount(all);
    first?.end(all / 2n);
    expect((await second)?.maxOutputTokens).toBeLessThan(1_000);
    let isRefused = false;
    void third.then((taken) => {
      isRefused = taken === null;
    });
    await Promise.resolve();
    expect(isRefused).toBe(false);
    (await second)?.end(0n);
    expect(await third).toBeNull();
  });

  test("that cost more than its worst case leaves nothing for others", async () => {
    const spending = createSpending(all);
    (await spending.takeCall(call))?.end(2n * all);
    expect(await spending.takeCall({ ...call, inputTokens: 0, maxOutputTokens: 1 })).toBeNull();
    expect(await spending.takeAmount(0n)).toBeNull();
  });

  test("is not limited without a grant", async () => {
    const spending = createSpending(null);
    expect((await spending.takeCall(call))?.maxOutputTokens).toBe(1_000);
    expect(await spending.takeAmount(10n ** 30n)).not.toBeNull();
  });
});

test("calls in parallel that cost at most their worst case never cost more than the grant, whatever their order", async () => {
  const limits = fc.record({
    inputTokens: fc.nat(20_000),
    maxOutputTokens: fc.integer({ min: 1, max: 4_000 }),
    multiplierHundredths: fc.integer({ min: 50, max: 1_400 }),
  });
  const made = fc.record({ limits, sharePercent: fc.nat(100) });
  await fc.assert(
    fc.asyncProperty(
      fc.bigInt(0n, 50n * all),
      fc.array(made, { maxLength: 12 }),
      fc.scheduler(),
      async (grant, calls, scheduler) => {
        const spending = createSpending(grant);
        let spent = 0n;
        const work = calls.map(async ({ limits: asked, sharePercent }) => {
          const taken = await spending.takeCall(asked);
          if (taken === null) return;
          const { maxOutputTokens } = taken;
          expect(maxOutputTokens).toBeLessThanOrEqual(asked.maxOutputTokens);
          await scheduler.schedule(Promise.resolve());
          const cost = (worstCaseE8({ ...asked, maxOutputTokens }) * BigInt(sharePercent)) / 100n;
          spent += cost;
          taken.end(cost);
        });
        await scheduler.waitFor(Promise.all(work));
        expect(spent <= grant).toBe(true);
      },
    ),
  );
});
