import type { Exchange } from "./api-client.ts";
import { type Check, type Evidence, Miss, type Stage } from "./check.ts";
import { closingChecks } from "./closing-checks.ts";
import { edgeChecks } from "./edge-checks.ts";
import { modeChecks } from "./mode-checks.ts";
import { sessionChecks } from "./session-checks.ts";
import { toolChecks } from "./tool-checks.ts";

export type CheckResult = {
  check: string;
  /** Why it has not held; null where it has. */
  miss: string | null;
  ms: number;
  requests: readonly Exchange[];
  evidence: Evidence;
};

/** Ten posts of turns in all, which is what the rate limit of staging allows in a minute. */
const checks: readonly Check[] = [...edgeChecks, ...toolChecks, ...modeChecks, ...sessionChecks];

type Watch = {
  nowMs: () => number;
  onResult: (result: CheckResult) => void;
  /** Once it is aborted no check begins but the closing ones. */
  signal: AbortSignal;
};

/** Runs every check, whatever was missed before, and hands on each result as it comes. */
export async function runChecks(stage: Stage, { nowMs, onResult, signal }: Watch): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const runCheck = async ({ name, run }: Check) => {
    const startedMs = nowMs();
    const before = stage.api.exchanges.length;
    const outcome = await run(stage).then(
      (evidence) => ({ evidence, miss: null }),
      (error: unknown) => ({ evidence: {}, miss: whyMissed(error) }),
    );
    const requests = stage.api.exchanges.slice(before);
    const result = { check: name, ms: Math.round(nowMs() - startedMs), requests, ...outcome };
    results.push(result);
    onResult(result);
  };
  for (const check of checks) if (!signal.aborted) await runCheck(check);
  for (const check of closingChecks) await runCheck(check);
  return results;
}

function whyMissed(error: unknown): string {
  if (error instanceof Miss) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
