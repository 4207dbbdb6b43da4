import { parseArgs } from "node:util";
import { runCommand } from "../../../dev/command.ts";
import { stoppedExitCode, stopSignal, whenAborted } from "../../../dev/stop-signal.ts";
import { startTestbed, type Testbed } from "../faults/testbed/testbed.ts";
import { inMiB, watchHeap } from "./heap-watch.ts";
import { createLargestTurns } from "./largest-turn.ts";
import { measureUploads } from "./uploads.ts";

const usageText = `Measures the heap of a Worker.
  npm run test:heap -- [--turns N]    after many turns of the largest size that is permitted, in one session
  npm run test:heap -- --uploads N    while files of the largest size are uploaded
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
      uploads: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return console.log(usageText);
  const turns = readCount("turns", values.turns);
  const uploads = values.uploads === undefined ? undefined : readCount("uploads", values.uploads);
  const testbed = await startTestbed();
  void whenAborted(stopSignal()).then(() => testbed.stop().finally(() => process.exit(stoppedExitCode)));
  try {
    const isWithin =
      uploads === undefined ? await measureTurns(testbed, turns) : await measureUploads(testbed, uploads);
    if (!isWithin) process.exitCode = 1;
  } finally {
    await testbed.stop();
  }
});
process.exit();

function readCount(name: string, value: string): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`--${name} must be a whole number.`);
  return count;
}

/** Gives whether the heap, with garbage collected, always had what it may have. */
async function measureTurns(testbed: Testbed, turns: number): Promise<boolean> {
  const worker = await testbed.startWorker(settings, { hasInspector: true });
  const heap = await watchHeap(worker, { everyMs: sampleEveryMs, collects: false });
  const { post } = await createLargestTurns(testbed, worker);
  let maxBytes = 0;
  const report = async (turn: number) => {
    maxBytes = Math.max(maxBytes, (await heap.report(`${turn} turns`)).heapBytes);
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
  heap.end();
  console.log(
    `The heap of the Worker had at most ${inMiB(maxBytes)} of the ${inMiB(maxHeapBytes)} it may have.`,
  );
  return maxBytes <= maxHeapBytes;
}
