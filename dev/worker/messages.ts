/** Options of the Worker's process. They are sent over a private channel, because arguments are visible to other processes. */
export type WorkerOptions = {
  bindings: Record<string, string>;
  host: string;
  /** A wrangler.toml in place of the repository's own. */
  config?: string;
  /** Must be free; not 0. */
  port: number;
  /** Where buckets keep their objects. Workers that name the same directory share them. Absent: in memory. */
  storageDir?: string;
  /** Where Workers find each other: a queue of one is consumed by another that names the same directory. */
  registryDir?: string;
  /** Rebuild when a source file changes. */
  watch: boolean;
};

export type ToWorker = { kind: "start"; options: WorkerOptions } | { kind: "stop" };

export type FromWorker =
  | { kind: "ready"; url: string; workerdUrl: string }
  | { kind: "failed"; reason: string }
  | { kind: "log"; level: string; text: string };
