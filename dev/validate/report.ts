import { formatTable } from "../table.ts";
import type { CheckResult } from "./run-checks.ts";

/** One row for each check, and below them the failures. */
export function reportLines(results: readonly CheckResult[]): string[] {
  const rows = results.map(({ check, failure, ms, requests, evidence }) => [
    check,
    failure === null ? "ok" : "FAILED",
    countStatuses(requests.map(({ status }) => status)),
    `${ms} ms`,
    Object.entries(evidence)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
  ]);
  const failed = results.flatMap(({ check, failure }) =>
    failure === null ? [] : [`FAILED ${check}: ${failure}`],
  );
  return [...formatTable(["check", "result", "answers", "time", "evidence"], rows), ...failed];
}

/** The same for machines. */
export function toReport(results: readonly CheckResult[]) {
  return results.map(({ check, failure, ms, requests, evidence }) => ({
    check,
    passed: failure === null,
    failure,
    ms,
    evidence,
    requests: requests.map(({ requestId, ...request }) => ({ ...request, request_id: requestId })),
  }));
}

/** E.g. `3×200 1×409`, in order of first appearance. */
function countStatuses(statuses: readonly number[]): string {
  const counts = new Map<number, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count}×${status}`).join(" ");
}
