import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildConsole } from "../console/build-console.ts";
import { within } from "../loopback-server.ts";
import { quietWrangler } from "../quiet-wrangler.ts";
import type { FromWorker, ToWorker, WorkerOptions } from "./messages.ts";

const childModule = fileURLToPath(new URL("./child.ts", import.meta.url));
const stopGraceMs = 3_000;

export type WorkerProcess = {
  /** http://host:port, without a slash at the end */
  url: string;
  /** Past wrangler's proxy, straight to the workerd that runs the Worker; changes with every reload. */
  workerdUrl: string;
  /** The process group of wrangler and workerd. */
  groupId: number;
  /** To wrangler and workerd alike: they are one process group, apart from the terminal's. */
  signal(signal: NodeJS.Signals): void;
  /** Resolves once the process has ended, also where nobody stopped it. */
  ended: Promise<void>;
  stop(): Promise<void>;
};

/**
 * Runs the Worker in workerd, the way `wrangler dev` does, in a process group of its own.
 * Throws an Error that says why when it does not build or does not start, or when `signal` ended the start.
 */
export async function startWorkerProcess(
  options: WorkerOptions,
  onLog: (level: string, text: string) => void,
  signal?: AbortSignal,
): Promise<WorkerProcess> {
  // Without its files the Worker's configuration is refused.
  if (options.config === undefined) await buildConsole();
  const child = fork(childModule, {
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...process.env, ...quietWrangler },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // The Worker is ended, too, where this process ends without stopping it.
  const kill = () => signalGroup(child, "SIGKILL");
  process.once("exit", kill);
  ended.then(() => process.off("exit", kill));
  signal?.addEventListener("abort", kill);

  const stop = async () => {
    sendMessage(child, { kind: "stop" });
    await within(stopGraceMs, ended);
    kill();
    await ended;
  };

  try {
    const urls = await untilReady(child, options, onLog);
    return { ...urls, groupId: child.pid ?? 0, signal: (name) => signalGroup(child, name), ended, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}

function untilReady(
  child: ChildProcess,
  options: WorkerOptions,
  onLog: (level: string, text: string) => void,
): Promise<Pick<WorkerProcess, "url" | "workerdUrl">> {
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-2_000);
  });
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`The Worker did not start: ${reason}`));
    child.on("message", (message: FromWorker) => {
      if (message.kind === "ready") resolve({ url: message.url, workerdUrl: message.workerdUrl });
      else if (message.kind === "failed") fail(message.reason);
      else onLog(message.level, message.text);
    });
    child.once("error", (error) => fail(error.message));
    child.once("exit", () => fail(stderr.trim() || "its process ended."));
    sendMessage(child, { kind: "start", options });
  });
}

function sendMessage(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}
