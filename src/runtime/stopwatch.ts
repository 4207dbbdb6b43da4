import type { CallModel } from "./model/model-port.ts";

/** Measures the time in which at least one of the calls it times is in flight. */
export function startStopwatch(now: () => number) {
  let inFlight = 0;
  let startedAtMs = 0;
  let elapsedMs = 0;
  return {
    timing:
      (callModel: CallModel): CallModel =>
      async (request) => {
        if (inFlight === 0) startedAtMs = now();
        inFlight += 1;
        try {
          return await callModel(request);
        } finally {
          inFlight -= 1;
          if (inFlight === 0) elapsedMs += now() - startedAtMs;
        }
      },
    elapsedMs: () => elapsedMs,
  };
}
