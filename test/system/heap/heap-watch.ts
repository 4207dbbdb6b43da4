import { setTimeout } from "node:timers/promises";
import { connectInspector, type HeapUsage } from "../faults/testbed/inspector.ts";
import { residentBytes } from "../faults/testbed/resident-memory.ts";
import type { Workerd } from "../faults/testbed/workerd.ts";

const MiB = 1_024 * 1_024;

export type HeapReading = {
  /** After a collection of garbage. */
  heapBytes: number;
  /** The largest since the last reading. */
  peakBytes: number;
};

export type HeapWatch = {
  /** Reads the heap, and prints it after `label`. */
  report(label: string): Promise<HeapReading>;
  end(): void;
};

export type Sampling = {
  everyMs: number;
  /** Whether garbage is collected before each sample: a peak then is what the Worker held at once. */
  collects: boolean;
};

/** Samples the heap of a Worker that was started with an inspector. */
export async function watchHeap(worker: Workerd, { everyMs, collects }: Sampling): Promise<HeapWatch> {
  const inspector = await connectInspector(worker);
  let peakBytes = 0;
  let isSampling = true;
  const sample = async () => {
    while (isSampling) {
      if (collects) await inspector.collectGarbage();
      peakBytes = Math.max(peakBytes, bytesOf(await inspector.readHeap()));
      await setTimeout(everyMs);
    }
  };
  // Once the inspector is closed, it answers no more.
  void sample().catch(() => undefined);
  const peakIs = collects ? "at most" : "largest with garbage";
  return {
    async report(label) {
      await inspector.collectGarbage();
      const heapBytes = bytesOf(await inspector.readHeap());
      const reading = { heapBytes, peakBytes: Math.max(peakBytes, heapBytes) };
      const process = residentBytes(worker.pid);
      console.log(
        `${label}: heap ${inMiB(heapBytes)} (${peakIs} ${inMiB(reading.peakBytes)}), process ${inMiB(process)}`,
      );
      peakBytes = 0;
      return reading;
    },
    end() {
      isSampling = false;
      inspector.close();
    },
  };
}

function bytesOf({ usedBytes, bufferBytes }: HeapUsage): number {
  return usedBytes + bufferBytes;
}

export function inMiB(bytes: number): string {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}
