import type { Exchange } from "./api-client.ts";
import { type Check, type CheckContext, CheckFailed, type Evidence } from "./check.ts";
import { closingChecks } from "./closing-checks.ts";
import { edgeChecks } from "./edge-checks.ts";
import { fileChecks } from "./file-checks.ts";
import { modeChecks } from "./mode-checks.ts";
import { sessionChecks } from "./session-checks.ts";
import { toolChecks } from "./tool-checks.ts";

export type CheckResult = {
  check: string;
  /** Why it failed; null where it passed. */
  failure: string | null;
  ms: number;
  requests: readonly Exchange[];
  evidence: Evidence;
};

/** Twelve posts of turns in all. The rate limit of staging allows ten in a minute, so the last ones wait. */
const checks: readonly Check[] = [
  ...edgeChecks,
  ...toolChecks,
  ...modeChecks,
  ...sessionChecks,
  ...fileChecks,
];

type RunOptions = {
  nowMs: () => number;
  onResult: (result: CheckResult) => void;
  /** Once it is aborted, only the closing checks run. */
  signal: AbortSignal;
};

/** Runs every check, also after a failure, and passes each result on as it comes. */
export async function runChecks(
  context: CheckContext,
  { nowMs, onResult, signal }: RunOptions,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const runCheck = async ({ name, run }: Check) => {
    const startedMs = nowMs();
    const before = context.api.exchanges.length;
    const outcome = await run(context).then(
      (evidence) => ({ evidence, failure: null }),
      (error: unknown) => ({ evidence: {}, failure: describeFailure(error) }),
    );
    const requests = context.api.exchanges.slice(before);
    const result = { check: name, ms: Math.round(nowMs() - startedMs), requests, ...outcome };
    results.push(result);
    onResult(result);
  };
  for (const check of checks) if (!signal.aborted) await runCheck(check);
  for (const check of closingChecks) await runCheck(check);
  return results;
}

function describeFailure(error: unknown): string {
  if (error instanceof CheckFailed) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
