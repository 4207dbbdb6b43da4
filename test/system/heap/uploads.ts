import { randomUUID } from "node:crypto";
import type { Testbed } from "../faults/testbed/testbed.ts";
import { createUser, type User } from "../faults/testbed/user.ts";
import type { Workerd } from "../faults/testbed/workerd.ts";
import { inMiB, watchHeap } from "./heap-watch.ts";

const MiB = 1_024 * 1_024;
/** The default of FILE_MAX_BYTES. */
const fileBytes = 10 * MiB;
const atOnce = 8;
/** So many are uploaded before the heap is compared: they load what every upload uses. */
const warmUps = 3;
const reports = 5;
/** Often in the time of an upload. */
const sampleEveryMs = 10;

/** Of the bytes that are being uploaded, what the heap may hold at once. A file that is held whole has all of its own. */
const maxHeldShare = 0.5;
/** What the heap may have gained by all uploads once garbage is collected. */
const maxGrowthBytes = 2 * MiB;

/** Uploads files of the largest size, one after another and several at once. Gives whether the heap stayed flat. */
export async function measureUploads(testbed: Testbed, uploads: number): Promise<boolean> {
  const worker = await testbed.startWorker({}, { hasInspector: true });
  const user = await createUser(`uploads-${randomUUID()}`);
  const heap = await watchHeap(worker, { everyMs: sampleEveryMs, collects: true });
  for (let count = 0; count < warmUps; count += 1) await upload(worker, user);
  const { heapBytes: before } = await heap.report("before");
  let growth = 0;
  let heldShare = 0;
  const report = async (label: string, inFlight: number) => {
    const reading = await heap.report(label);
    growth = Math.max(growth, reading.heapBytes - before);
    heldShare = Math.max(heldShare, (reading.peakBytes - before) / (inFlight * fileBytes));
  };
  const every = Math.max(1, Math.floor(uploads / reports));
  for (let count = 1; count <= uploads; count += 1) {
    await upload(worker, user);
    if (count % every === 0 || count === uploads) {
      await report(`${count} of ${uploads} uploads of ${inMiB(fileBytes)}`, 1);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, () => upload(worker, user)));
  await report(`${atOnce} at once`, atOnce);
  heap.end();
  console.log(
    `With garbage collected, the heap held ${inPercent(heldShare)} at most of what was being uploaded (below ` +
      `${inPercent(maxHeldShare)} allowed), and gained ${inMiB(growth)} by all uploads (${inMiB(maxGrowthBytes)} allowed).`,
  );
  return heldShare < maxHeldShare && growth <= maxGrowthBytes;
}

function inPercent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** Into a room of its own, which is deleted then: neither a room nor its user becomes full. */
async function upload(worker: Workerd, user: User): Promise<void> {
  const room = await user.call(worker.url, "POST", "/rooms", { body: { name: "Uploads" } });
  const path = `/rooms/${room.body.id}`;
  const text = `${randomUUID()}\n`.padEnd(
    fileBytes,
    "A line of sixty-three characters that every file of a test has.\n",
  );
  const headers = { "Content-Type": "application/octet-stream" };
  const { status, body } = await user.call(worker.url, "POST", `${path}/files?name=large.txt`, {
    text,
    headers,
  });
  if (status !== 201 || body.bytes !== fileBytes)
    throw new Error(`The upload was answered ${status} ${JSON.stringify(body)?.slice(0, 400)}`);
  const removed = await user.call(worker.url, "DELETE", `/files/${body.id}`);
  if (removed.status !== 204) throw new Error(`The deletion was answered ${removed.status}`);
  await user.call(worker.url, "DELETE", path);
}
