/** Measures the time in which at least one of the calls it times is in flight. */
export function startStopwatch(now: () => number) {
  let inFlight = 0;
  let startedAtMs = 0;
  let elapsedMs = 0;
  return {
    timing:
      <Input, Output>(call: (input: Input) => Promise<Output>) =>
      async (input: Input): Promise<Output> => {
        if (inFlight === 0) startedAtMs = now();
        inFlight += 1;
        try {
          return await call(input);
        } finally {
          inFlight -= 1;
          if (inFlight === 0) elapsedMs += now() - startedAtMs;
        }
      },
    elapsedMs: () => elapsedMs,
  };
}
