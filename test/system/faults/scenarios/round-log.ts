import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";

/** What happened in a round: counts, and broken promises. */
export type RoundLog = {
  counts: Record<string, number>;
  violations: string[];
  trace: string[];
  count(what: string, by?: number): void;
  /** Notes an answer. One that does not fit is a violation. */
  expect(what: string, answer: Answer, fits: boolean): void;
  /** Notes the last lines of a Worker's log. */
  readLog(worker: Workerd): void;
};

export function createRoundLog(): RoundLog {
  const counts: Record<string, number> = {};
  const violations: string[] = [];
  const trace: string[] = [];
  return {
    counts,
    violations,
    trace,
    count(what, by = 1) {
      counts[what] = (counts[what] ?? 0) + by;
    },
    expect(what, { status, body }, fits) {
      trace.push(`${what}: ${status} ${JSON.stringify(body)?.slice(0, 300)}`);
      if (!fits) violations.push(`${what} was answered ${status} ${body?.code ?? body?.status ?? ""}`.trim());
    },
    readLog: ({ log }) => trace.push(...log.slice(-12).map((line) => JSON.stringify(line))),
  };
}

/** True for a stored turn in which every agent answered. */
export function isWhole({ status, body }: Answer): boolean {
  return status === 201 && body.status === "completed";
}
