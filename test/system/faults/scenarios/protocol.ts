import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";

/** What a round saw: counts of what happened, and what must not have. */
export type Protocol = {
  counts: Record<string, number>;
  violations: string[];
  trace: string[];
  count(what: string, by?: number): void;
  /** Notes an answer; one that does not fit is a violation. */
  expect(what: string, answer: Answer, fits: boolean): void;
  /** Notes the last that a Worker logged. */
  readLog(worker: Workerd): void;
};

export function createProtocol(): Protocol {
  const counts: Record<string, number> = {};
  const violations: string[] = [];
  const trace: string[] = [];
  return {
    ...{ counts, violations, trace },
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

/** Stored, and everybody answered. */
export function isWhole({ status, body }: Answer): boolean {
  return status === 201 && body.status === "completed";
}
