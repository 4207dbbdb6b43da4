/** What the Worker's process is told, over its private channel: secrets never stand in its arguments. */
export type WorkerOptions = {
  bindings: Record<string, string>;
  host: string;
  /** A wrangler.toml in place of the repository's own. */
  config?: string;
  /** Must be free; not 0. */
  port: number;
  /** Rebuild when a source file changes. */
  watch: boolean;
};

export type ToWorker = { kind: "start"; options: WorkerOptions } | { kind: "stop" };

export type FromWorker =
  | { kind: "ready"; url: string; workerdUrl: string }
  | { kind: "failed"; reason: string }
  | { kind: "log"; level: string; text: string };
