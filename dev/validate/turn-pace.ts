/** Lets posts through so that no more than the limit begin within any one period. */
export type TurnPace = {
  /** Resolves when so many posts may begin at once. */
  admit(posts: number): Promise<void>;
  /** Waits as long as a server asked for. */
  pause(seconds: number): Promise<void>;
};

type Limits = { posts: number; periodMs: number };
type Clock = { nowMs(): number; sleep(ms: number): Promise<void>; onWait(ms: number): void };

/** What staging and production allow a user. */
export const deployedLimits: Limits = { posts: 10, periodMs: 60_000 };

export function createTurnPace(
  { nowMs, sleep, onWait }: Clock,
  { posts: limit, periodMs }: Limits,
): TurnPace {
  let begun: number[] = [];
  const wait = async (ms: number) => {
    onWait(ms);
    await sleep(ms);
  };
  return {
    async admit(posts) {
      for (;;) {
        begun = begun.filter((at) => at > nowMs() - periodMs);
        if (begun.length + posts <= limit) break;
        await wait((begun[begun.length + posts - limit - 1] ?? nowMs()) + periodMs - nowMs());
      }
      begun.push(...Array<number>(posts).fill(nowMs()));
    },
    pause: (seconds) => wait(seconds * 1_000),
  };
}
