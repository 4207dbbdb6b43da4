/** Delays posts so that at most the limit starts within one period. */
export type TurnPace = {
  /** Resolves when this many posts may start at once. */
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
  let starts: number[] = [];
  const wait = async (ms: number) => {
    onWait(ms);
    await sleep(ms);
  };
  return {
    async admit(posts) {
      for (;;) {
        starts = starts.filter((at) => at > nowMs() - periodMs);
        if (starts.length + posts <= limit) break;
        await wait((starts[starts.length + posts - limit - 1] ?? nowMs()) + periodMs - nowMs());
      }
      starts.push(...Array<number>(posts).fill(nowMs()));
    },
    pause: (seconds) => wait(seconds * 1_000),
  };
}
