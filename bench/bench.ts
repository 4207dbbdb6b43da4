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
import { measureBundle } from "./scenarios/bundle.ts";
import { holdContest } from "./scenarios/contest.ts";
import { contestRows } from "./scenarios/contest-rows.ts";
import { measureCpu } from "./scenarios/cpu.ts";
import { measureFirstDelta } from "./scenarios/first-delta.ts";
import { measurePacedModels } from "./scenarios/paced-models.ts";
import { measurePlanMatrix } from "./scenarios/plan-matrix.ts";
import { measureThroughput } from "./scenarios/throughput.ts";
import { measureWrittenBytes } from "./scenarios/written-bytes.ts";
import { type Stage, startStage } from "./stage.ts";

/** The parts of the table, in its order, by the name that chooses one alone. */
const parts = ["plan", "contest", "cpu", "paced", "first-delta", "written", "throughput", "bundle"] as const;
type Part = (typeof parts)[number];

const USAGE =
  () => `Measures what a turn costs, against a bare Worker and against LangGraph with its own checkpointer.
  npm run bench [-- ${parts.join(" | ")} …]
BENCH_DATABASE_URL, else TEST_DATABASE_URL: a Postgres server on which a database may be made (and is dropped again);
without one the embedded Postgres is used. Prints a table, and writes it to bench/results.json.`;

const RESULTS = fileURLToPath(new URL("./results.json", import.meta.url));

// Stopped by Ctrl-C, it still takes down what it has started, and drops its database.
const stopping = stopSignal();
const stopped = whenAborted(stopping).then(() => Promise.reject(stopping.reason));
stopped.catch(() => undefined);

await runCommand(async () => {
  if (process.argv.includes("--help")) return console.log(USAGE);
  const chosen = chosenParts();
  const startedMs = monotonicMs();
  const log = (line: string) =>
    console.log(`${((monotonicMs() - startedMs) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
  const stage = await startStage(
    process.env.BENCH_DATABASE_URL || process.env.TEST_DATABASE_URL || undefined,
    log,
  );
  try {
    const rows = await Promise.race([measureParts(stage, chosen, log), stopped]);
    const took = `Took ${((monotonicMs() - startedMs) / 1_000).toFixed(0)} s.`;
    const where = describeMachine(stage);
    await writeFile(RESULTS, `${JSON.stringify({ where, at: new Date().toISOString(), rows }, null, 2)}\n`);
    console.log(`\n${formatMarkdown(rows)}\n\n${where} ${took}`);
  } finally {
    closeConnections();
    await stage.stop();
  }
});
process.exit();

function chosenParts(): readonly Part[] {
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0) throw new Error(`Not a part of the bench: ${unknown.join(", ")}. \n${USAGE}`);
  return chosen.length === 0 ? parts : parts.filter((part) => chosen.includes(part));
}

async function measureParts(
  stage: Stage,
  chosen: readonly Part[],
  log: (line: string) => void,
): Promise<Row[]> {
  const calls = await captureTurnCalls(stage);
  await giveFloorCalls(stage, calls);
  const floor = await openFloorSession(stage);
  const measures: Record<Part, () => Promise<Row[]>> = {
    plan: () => measurePlanMatrix(stage, log),
    contest: async () => contestRows(await holdContest(stage, floor, log)),
    cpu: () => measureCpu(stage, floor, log),
    paced: () => measurePacedModels(stage, floor, log),
    "first-delta": () => measureFirstDelta(stage, log),
    written: () => measureWrittenBytes(stage, log),
    throughput: () => measureThroughput(stage, log),
    bundle: () => measureBundle(log),
  };
  const rows: Row[] = [];
  for (const part of chosen) rows.push(...(await measures[part]()));
  return rows;
}

function describeMachine({ isEmbedded }: Stage): string {
  const [cpu] = cpus();
  const database = isEmbedded ? "embedded Postgres (PGlite)" : "Postgres on the same machine";
  return `${cpus().length} cores (${cpu?.model ?? "unknown"}), Node ${process.version}, ${database}.`;
}
