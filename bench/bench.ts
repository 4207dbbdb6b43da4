import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { runCommand } from "../dev/command.ts";
import { monotonicMs } from "./clock.ts";
import { openFloorSession } from "./floor-turns.ts";
import { closeConnections } from "./http-client.ts";
import type { Row } from "./report/row.ts";
import { formatMarkdown } from "./report/table.ts";
import { holdContest } from "./scenarios/contest.ts";
import { floorOverheadMs, growthRows, overheadRows, rivalRows } from "./scenarios/contest-rows.ts";
import { measureCpu } from "./scenarios/cpu.ts";
import { measureFirstDelta } from "./scenarios/first-delta.ts";
import { measurePacedModels } from "./scenarios/paced-models.ts";
import { measurePlanMatrix } from "./scenarios/plan-matrix.ts";
import { measureThroughput } from "./scenarios/throughput.ts";
import { measureWrittenBytes } from "./scenarios/written-bytes.ts";
import { type Stage, startStage } from "./stage.ts";

const USAGE = `Measures what a turn costs, against a bare Worker and against LangGraph with its own checkpointer.
  npm run bench
BENCH_DATABASE_URL, else TEST_DATABASE_URL: a Postgres server on which a database may be made (and is dropped again);
without one the embedded Postgres is used. Prints a table, and writes it to bench/results.json.`;

const RESULTS = fileURLToPath(new URL("./results.json", import.meta.url));

await runCommand(async () => {
  if (process.argv.includes("--help")) return console.log(USAGE);
  const startedMs = monotonicMs();
  const log = (line: string) =>
    console.log(`${((monotonicMs() - startedMs) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
  const stage = await startStage(
    process.env.BENCH_DATABASE_URL || process.env.TEST_DATABASE_URL || undefined,
    log,
  );
  try {
    const rows = await measureAll(stage, log);
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

async function measureAll(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const contest = await holdContest(stage, log);
  const floor = await openFloorSession(stage);
  const matrix = await measurePlanMatrix(stage, log);
  const paced = await measurePacedModels(stage, floor, floorOverheadMs(contest), log);
  const firstDelta = await measureFirstDelta(stage, log);
  const written = await measureWrittenBytes(stage, log);
  const throughput = await measureThroughput(stage, log);
  const cpu = await measureCpu(stage, floor, log);
  return [
    ...[...matrix, ...overheadRows(contest), ...cpu, ...rivalRows(contest), ...paced, ...firstDelta],
    ...[...growthRows(contest), ...written, ...throughput],
  ];
}

function describeMachine({ isEmbedded }: Stage): string {
  const [cpu] = cpus();
  const database = isEmbedded ? "embedded Postgres (PGlite)" : "Postgres on the same machine";
  return `${cpus().length} cores (${cpu?.model ?? "unknown"}), Node ${process.version}, ${database}.`;
}
