import type { Workerd } from "./workerd.ts";

export type HeapUsage = {
  /** JavaScript objects. */
  usedBytes: number;
  /** What array buffers hold outside of the heap; an isolate of the edge counts it too. */
  bufferBytes: number;
};

/** The inspector of a Worker's isolate. */
export type Inspector = {
  /** Garbage that is not collected yet included. */
  readHeap(): Promise<HeapUsage>;
  collectGarbage(): Promise<void>;
  /** Samples the isolate's stack while `work` runs. */
  profile(intervalUs: number, work: () => Promise<unknown>): Promise<CpuProfile>;
  close(): void;
};

/** V8's own form, which Chrome's developer tools and others read from a file. */
export type CpuProfile = {
  nodes: { id: number; callFrame: CallFrame; children?: number[] }[];
  /** Ids of nodes, in order, and microseconds before each. */
  samples: number[];
  timeDeltas: number[];
};

/** `lineNumber` is that of the function's beginning, from 0. */
export type CallFrame = { functionName: string; url: string; lineNumber: number };

type Message = {
  id?: number;
  method?: string;
  params?: Fields;
  result?: Fields;
  error?: { message: string };
};
/** Loosely typed on purpose: the protocol has hundreds of messages, and few are read. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type Fields = any;

/** Connects to the Worker of a workerd that was started with an inspector. */
export async function connectInspector({ inspectorUrl }: Workerd): Promise<Inspector> {
  const response = await fetch(`${inspectorUrl}/json`);
  const targets: { id: string; webSocketDebuggerUrl: string }[] = JSON.parse(await response.text());
  const target = targets.find(({ id }) => id === "worker");
  if (target === undefined) throw new Error("The inspector does not list the Worker.");
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error("The inspector does not answer.")), {
      once: true,
    });
  });
  return createInspector(socket);
}

function createInspector(socket: WebSocket): Inspector {
  const pending = new Map<number, PromiseWithResolvers<Fields>>();
  let contextId: number | undefined;
  socket.addEventListener("message", ({ data }) => {
    const message: Message = JSON.parse(String(data));
    if (message.method === "Runtime.executionContextCreated") contextId = message.params.context.id;
    const call = message.id === undefined ? undefined : pending.get(message.id);
    if (message.error === undefined) call?.resolve(message.result);
    else call?.reject(new Error(message.error.message));
  });
  socket.addEventListener("close", () => {
    for (const { reject } of pending.values()) reject(new Error("The inspector is closed."));
  });
  let calls = 0;
  const send = async (method: string, params: object = {}): Promise<Fields> => {
    calls += 1;
    const id = calls;
    const answer = Promise.withResolvers<Fields>();
    pending.set(id, answer);
    socket.send(JSON.stringify({ id, method, params }));
    return answer.promise.finally(() => pending.delete(id));
  };
  return {
    async readHeap() {
      const { usedSize, backingStorageSize } = await send("Runtime.getHeapUsage");
      return { usedBytes: usedSize, bufferBytes: backingStorageSize };
    },
    // `HeapProfiler.collectGarbage` never answers in workerd.
    async collectGarbage() {
      await send("Runtime.enable");
      const { exceptionDetails } = await send("Runtime.evaluate", { expression: "gc()", contextId });
      // While it is enabled, the isolate keeps each line of the log for the inspector.
      await send("Runtime.disable");
      if (exceptionDetails !== undefined) throw new Error(`gc: ${exceptionDetails.text}`);
    },
    async profile(interval, work) {
      await send("Profiler.enable");
      await send("Profiler.setSamplingInterval", { interval });
      await send("Profiler.start");
      await work();
      const { profile } = await send("Profiler.stop");
      await send("Profiler.disable");
      return profile;
    },
    close: () => socket.close(),
  };
}
