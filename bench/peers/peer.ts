import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromPeer, Questions, ToPeer } from "./peer-messages.ts";

/** A server of the bench in a Node process of its own, so that its work overlaps the work of others. */
export type Peer<Asked extends Questions> = {
  url: string;
  processId: number;
  ask<Name extends keyof Asked & string>(
    name: Name,
    input: Asked[Name]["input"],
  ): Promise<Asked[Name]["output"]>;
  stop(): Promise<void>;
};

/** Starts a module that calls `servePeer`. Throws an Error with its reason where it does not start. */
export async function startPeer<Asked extends Questions>(
  module: URL,
  options: unknown,
): Promise<Peer<Asked>> {
  const child = fork(fileURLToPath(module), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const waiting = new Map<number, { resolve(output: unknown): void; reject(error: Error): void }>();
  let isStopped = false;
  const rejectAll = (reason: string) => {
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };
  ended.then(() => {
    if (!isStopped) rejectAll("A server of the bench ended before its time.");
  });
  let asked = 0;
  const url = await untilReady(child, options);
  child.on("message", (message: FromPeer) => {
    if (message.kind === "failed") rejectAll(message.reason);
    if (message.kind !== "answer") return;
    waiting.get(message.number)?.resolve(message.output);
    waiting.delete(message.number);
  });
  return {
    url,
    processId: child.pid ?? 0,
    async ask(name, input) {
      asked += 1;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      waiting.set(asked, { resolve, reject });
      sendMessage(child, { kind: "ask", number: asked, name, input });
      // The module at the other end declares the same questions.
      return (await promise) as Asked[typeof name]["output"];
    },
    async stop() {
      isStopped = true;
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

function untilReady(child: ChildProcess, options: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on("message", (message: FromPeer) => {
      if (message.kind === "ready") resolve(message.url);
      if (message.kind === "failed") reject(new Error(message.reason));
    });
    child.once("exit", () => reject(new Error("A server of the bench ended before it was ready.")));
    sendMessage(child, { kind: "start", options });
  });
}

function sendMessage(child: ChildProcess, message: ToPeer): void {
  child.send(message);
}
