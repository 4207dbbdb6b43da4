import { Worker } from "node:worker_threads";
import { within } from "../loopback-server.ts";
import type { EmbeddedOptions, FromEmbedded, ToEmbedded } from "./messages.ts";

const stopGraceMs = 2_000;

/** The embedded database; `address` is host:port. */
export type EmbeddedThread = { address: string; stop(): Promise<void> };

/**
 * Starts the embedded database in a thread. `stop` lets a statement end that does so soon, then ends the thread:
 * to the database that is a crash, from which it recovers at its next start.
 */
export async function startEmbeddedThread(postgresDir: string | undefined): Promise<EmbeddedThread> {
  const workerData: EmbeddedOptions = { postgresDir };
  const thread = new Worker(new URL("./database.ts", import.meta.url), { workerData });
  const ended = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    thread.once("error", reject);
    thread.once("message", (message: FromEmbedded) => resolve(message.address));
    ended.then(() => reject(new Error("its thread ended")));
  });
  return {
    address,
    async stop() {
      const message: ToEmbedded = { kind: "stop" };
      thread.postMessage(message);
      await within(stopGraceMs, ended);
      await thread.terminate();
    },
  };
}
