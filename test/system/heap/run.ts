import { parseArgs } from "node:util";
import { runCommand } from "../../../dev/command.ts";
import { stoppedExitCode, stopSignal, whenAborted } from "../../../dev/stop-signal.ts";
import { connectInspector, type HeapUsage } from "../faults/testbed/inspector.ts";
import { residentBytes } from "../faults/testbed/resident-memory.ts";
import { startTestbed, type Testbed } from "../faults/testbed/testbed.ts";
import { createLargestTurns } from "./largest-turn.ts";

const usageText = `Measures the heap of a Worker after many turns of the largest size that is permitted, in one session.
  npm run test:heap -- [--turns N]
With TEST_DATABASE_URL=postgres://… against that server, else on an embedded database.`;

const MiB = 1_024 * 1_024;
/** What an isolate of the edge may have. */
const maxHeapBytes = 128 * MiB;
/** No bound in time decides a turn: on a crowded machine a holder that is paused for 25 s would lose its lease. */
const settings = { TURN_MAX_CREDITS: "100000", TURN_LEASE_MS: "3600000", TURN_TIMEOUT_MS: "3600000" };
const sampleEveryMs = 100;
const reports = 10;
const faultsShown = 10;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      turns: { type: "string", default: "500" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(usageText);
  const turns = Number(values.turns);
  if (!Number.isSafeInteger(turns) || turns < 1) throw new Error("--turns must be a whole number.");
  const testbed = await startTestbed();
  void whenAborted(stopSignal()).then(() => testbed.stop().finally(() => process.exit(stoppedExitCode)));
  try {
    const heapBytes = await measureTurns(testbed, turns);
    if (heapBytes > maxHeapBytes) process.exitCode = 1;
  } finally {
    await testbed.stop();
  }
});
process.exit();

/** Gives the largest heap that was found after a collection of garbage. */
async function measureTurns(testbed: Testbed, turns: number): Promise<number> {
  const worker = await testbed.startWorker(settings, { hasInspector: true });
  const inspector = await connectInspector(worker);
  const { post } = await createLargestTurns(testbed, worker);
  let peakBytes = 0;
  let maxBytes = 0;
  const sampling = setInterval(async () => {
    const heap = await inspector.readHeap().catch(() => undefined);
    if (heap !== undefined) peakBytes = Math.max(peakBytes, bytesOf(heap));
  }, sampleEveryMs);
  const report = async (turn: number) => {
    await inspector.collectGarbage();
    const heapBytes = bytesOf(await inspector.readHeap());
    maxBytes = Math.max(maxBytes, heapBytes);
    const process = residentBytes(worker.pid);
    console.log(
      `${turn} turns: heap ${inMiB(heapBytes)} (largest with garbage ${inMiB(peakBytes)}), process ${inMiB(process)}`,
    );
  };
  const every = Math.max(1, Math.floor(turns / reports));
  await report(0);
  for (let turn = 1; turn <= turns; turn += 1) {
    await post().catch((cause: unknown) => {
      const logged = worker.log.filter(({ level }) => level !== "info").slice(-faultsShown);
      throw new Error(`Turn ${turn}: ${String(cause)} The Worker logged ${JSON.stringify(logged)}`);
    });
    if (turn % every === 0 || turn === turns) await report(turn);
  }
  clearInterval(sampling);
  inspector.close();
  console.log(
    `The heap of the Worker had at most ${inMiB(maxBytes)} of the ${inMiB(maxHeapBytes)} it may have.`,
  );
  return maxBytes;
}

function bytesOf({ usedBytes, bufferBytes }: HeapUsage): number {
  return usedBytes + bufferBytes;
}

function inMiB(bytes: number): string {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}
