import { priceCall } from "./pricing.ts";

/** A model call before it is made. Its greatest possible cost follows from these figures. */
export type CallLimits = { inputTokens: number; maxOutputTokens: number; multiplierHundredths: number };

/** What was taken for a call. `end` returns what it did not cost, 10⁻⁸ credits. */
export type TakenCredits = { end: (costE8: bigint) => void };
export type TakenCall = TakenCredits & {
  /** The output that the run pays for. */
  maxOutputTokens: number;
};

/** What is left of a run's grant while it runs. The only place that decides whether a call is paid for. */
export type Spending = {
  /**
   * Takes the worst case of a call, with less output where the grant asks for it. Where too little is left, it waits
   * for calls in flight, which cost less than was taken for them. Null: the grant does not pay for the call.
   */
  takeCall(call: CallLimits): Promise<TakenCall | null>;
  /** The same for an amount, 10⁻⁸ credits. */
  takeAmount(amountE8: bigint): Promise<TakenCredits | null>;
  /** Whether the grant pays for at least one of these calls at its shortest. */
  paysForOne(calls: readonly CallLimits[]): boolean;
};

/** A call is not made with less output, unless its agent wants less. */
export const minPaidOutputTokens = 256;

/** @param amountE8 10⁻⁸ credits; null: nothing limits the run. */
export function createSpending(amountE8: bigint | null): Spending {
  if (amountE8 === null) return unlimited;
  let leftE8 = amountE8;
  let inFlight = 0;
  let waiting: (() => void)[] = [];
  const take = (costE8: bigint): TakenCredits => {
    leftE8 -= costE8;
    inFlight += 1;
    return {
      end(realE8) {
        leftE8 += costE8 - realE8;
        inFlight -= 1;
        const woken = waiting;
        waiting = [];
        for (const wake of woken) wake();
      },
    };
  };
  const takeOrWait = async <Taken>(tryToTake: () => Taken | null): Promise<Taken | null> => {
    for (;;) {
      const taken = tryToTake();
      if (taken !== null || inFlight === 0) return taken;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return {
    takeCall: (call) =>
      takeOrWait(() => {
        const maxOutputTokens = affordableOutput(call, leftE8);
        if (maxOutputTokens === null) return null;
        return { ...take(worstCaseE8({ ...call, maxOutputTokens })), maxOutputTokens };
      }),
    takeAmount: (costE8) => takeOrWait(() => (costE8 <= leftE8 ? take(costE8) : null)),
    paysForOne: (calls) => calls.some((call) => affordableOutput(call, leftE8) !== null),
  };
}

const freeOfCharge: TakenCredits = { end: () => undefined };

const unlimited: Spending = {
  takeCall: async ({ maxOutputTokens }) => ({ ...freeOfCharge, maxOutputTokens }),
  takeAmount: async () => freeOfCharge,
  paysForOne: () => true,
};

/** What a call costs at most, 10⁻⁸ credits. */
export function worstCaseE8({ inputTokens, maxOutputTokens, multiplierHundredths }: CallLimits): bigint {
  return priceCall({ fresh: inputTokens, cached: 0, output: maxOutputTokens }, multiplierHundredths)
    .creditsE8;
}

/** The output of a call that an amount pays for. Null: it does not pay for the call. */
function affordableOutput(call: CallLimits, leftE8: bigint): number | null {
  if (worstCaseE8(call) <= leftE8) return call.maxOutputTokens;
  const forOutputE8 = leftE8 - worstCaseE8({ ...call, maxOutputTokens: 0 });
  const tokens = Number(forOutputE8 / worstCaseE8({ ...call, inputTokens: 0, maxOutputTokens: 1 }));
  return tokens >= minPaidOutputTokens ? Math.min(tokens, call.maxOutputTokens) : null;
}
