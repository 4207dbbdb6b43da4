import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The part of vitest's JSON report that is counted. */
type Report = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
};

// Runs every test (or what the arguments choose), and ends with one plain line that a machine can read.
const reportDir = await mkdtemp(join(tmpdir(), "pantheon-tests-"));
const reportFile = join(reportDir, "report.json");
const exitCode = await runVitest(reportFile, process.argv.slice(2));
const report = await readReport(reportFile);
await rm(reportDir, { recursive: true, force: true });
if (report) console.log(`\n${countLine(report)}`);
process.exit(exitCode);

function runVitest(outputFile: string, extraArgs: string[]): Promise<number> {
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${outputFile}`];
  const child = spawn(process.execPath, [vitest, "run", ...reporters, ...extraArgs], { stdio: "inherit" });
  // The terminal sends Ctrl-C to vitest as well; this process only waits for it to end.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

async function readReport(file: string): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** A file that could not even be loaded has no tests in the report; it counts as one that failed. */
function countLine({
  numPassedTests,
  numFailedTests,
  numPendingTests,
  numTodoTests,
  testResults,
}: Report): string {
  const unloaded = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  const failed = numFailedTests + unloaded.length;
  return `${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`;
}
