import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { runCommand } from "../dev/command.ts";
import { stopSignal, whenAborted } from "../dev/stop-signal.ts";
import { monotonicMs } from "./clock.ts";
import { captureTurnCalls, giveFloorCalls, openFloorSession } from "./floor-turns.ts";
import { closeConnections } from "./http-client.ts";
import type { Row } from "./report/row.ts";
import { formatMarkdown } from "./report/table.ts";
import { measureAnswerReading } from "./scenarios/answer-reading.ts";
import { compareBuilds } from "./scenarios/builds.ts";
import { measureBundle } from "./scenarios/bundle.ts";
import { runComparison } from "./scenarios/comparison.ts";
import { comparisonRows } from "./scenarios/comparison-rows.ts";
import { measureCpu } from "./scenarios/cpu.ts";
import { measureFirstDelta } from "./scenarios/first-delta.ts";
import { measurePacedModels } from "./scenarios/paced-models.ts";
import { measurePlanMatrix } from "./scenarios/plan-matrix.ts";
import { measureProfile } from "./scenarios/profile.ts";
import { measureScale } from "./scenarios/scale.ts";
import { measureStatements } from "./scenarios/statements.ts";
import { measureStreamedDeltas } from "./scenarios/streamed-deltas.ts";
import { measureThroughput } from "./scenarios/throughput.ts";
import { measureWrittenBytes } from "./scenarios/written-bytes.ts";
import { type Bench, startBench } from "./setup.ts";

/** The parts of the table, in order. An argument with the name of a part runs it alone. */
const tableParts = [
  "plan",
  "statements",
  "comparison",
  "cpu",
  "paced",
  "first-delta",
  "written",
  "throughput",
  "reading",
  "streamed",
  "bundle",
] as const;
/** With those that run only where they are named. */
const parts = [...tableParts, "profile", "scale", "builds"] as const;
type Part = (typeof parts)[number];

const usageText =
  () => `Measures the cost of a turn. Compares it with a bare Worker, and with LangGraph and its own checkpointer.
  npm run bench [-- ${parts.join(" | ")} …]
BENCH_DATABASE_URL, else TEST_DATABASE_URL: a Postgres server on which a database may be made (and is dropped again);
without one the embedded Postgres is used. Prints a table, and writes it to bench/results.json.
Three run only where they are named. profile: CPU time by part of the system; writes bench/profile.svg. scale: a database
of 200,000 sessions, against an empty one; needs a server, and its user the right to set session_replication_role.
builds: CPU time of this working tree and of another one, whose directory BENCH_AGAINST names.`;

const resultsFile = fileURLToPath(new URL("./results.json", import.meta.url));

// Ctrl-C ends what was started, and drops the database.
const stopping = stopSignal();
const stopped = whenAborted(stopping).then(() => Promise.reject(stopping.reason));
stopped.catch(() => undefined);

await runCommand(async () => {
  if (process.argv.includes("--help")) return console.log(usageText);
  const chosen = chosenParts();
  const startedMs = monotonicMs();
  const log = (line: string) =>
    console.log(`${((monotonicMs() - startedMs) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
  const bench = await startBench(
    process.env.BENCH_DATABASE_URL || process.env.TEST_DATABASE_URL || undefined,
    log,
  );
  try {
    const rows = await Promise.race([measureParts(bench, chosen, log), stopped]);
    const took = `Took ${((monotonicMs() - startedMs) / 1_000).toFixed(0)} s.`;
    const where = describeMachine(bench);
    await writeFile(
      resultsFile,
      `${JSON.stringify({ where, at: new Date().toISOString(), rows }, null, 2)}\n`,
    );
    console.log(`\n${formatMarkdown(rows)}\n\n${where} ${took}`);
  } finally {
    closeConnections();
    await bench.stop();
  }
});
process.exit();

function chosenParts(): readonly Part[] {
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0) throw new Error(`Not a part of the bench: ${unknown.join(", ")}. \n${usageText}`);
  return chosen.length === 0 ? tableParts : parts.filter((part) => chosen.includes(part));
}

async function measureParts(
  bench: Bench,
  chosen: readonly Part[],
  log: (line: string) => void,
): Promise<Row[]> {
  const calls = await captureTurnCalls(bench);
  await giveFloorCalls(bench, calls);
  const floor = await openFloorSession(bench);
  const measures: Record<Part, () => Promise<Row[]>> = {
    plan: () => measurePlanMatrix(bench, log),
    statements: () => measureStatements(bench, log),
    comparison: async () => comparisonRows(await runComparison(bench, floor, log)),
    cpu: () => measureCpu(bench, floor, log),
    paced: () => measurePacedModels(bench, floor, log),
    "first-delta": () => measureFirstDelta(bench, log),
    written: () => measureWrittenBytes(bench, log),
    throughput: () => measureThroughput(bench, log),
    reading: async () => measureAnswerReading(log),
    streamed: () => measureStreamedDeltas(bench, log),
    bundle: () => measureBundle(log),
    profile: () => measureProfile(bench, log),
    scale: () => measureScale(bench, log),
    builds: () => compareBuilds(bench, process.env.BENCH_AGAINST, log),
  };
  const rows: Row[] = [];
  for (const part of chosen) rows.push(...(await measures[part]()));
  return rows;
}

function describeMachine({ isEmbedded }: Bench): string {
  const [cpu] = cpus();
  const database = isEmbedded ? "embedded Postgres (PGlite)" : "Postgres on the same machine";
  return `${cpus().length} cores (${cpu?.model ?? "unknown"}), Node ${process.version}, ${database}.`;
}
