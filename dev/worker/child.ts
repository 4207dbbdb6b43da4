import { fileURLToPath } from "node:url";
import { unstable_DevEnv } from "wrangler";
import { describeBuildFailure } from "./build-failure.ts";
import type { FromWorker, ToWorker, WorkerOptions } from "./messages.ts";
import { watchProxy } from "./proxy-watch.ts";

// This process holds what `wrangler dev` is made of, and nothing else: its signal handlers end the
// process at once, which the database beside it would not survive well.
const configFile = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));
/** A name that is no file: without one wrangler would read `.dev.vars` and `.env` on its own. */
const noEnvFile = fileURLToPath(new URL("./none.env", import.meta.url));

const dev = new unstable_DevEnv();
let lastError = "";
let isReady = false;

process.on("message", (message: ToWorker) => {
  if (message.kind === "start")
    start(message.options).catch((error: unknown) => fail(describeBuildFailure(error)));
  else dev.teardown().finally(() => process.exit(0));
});
// The parent has ended. Ending this process ends workerd too.
process.on("disconnect", () => process.exit(1));

async function start(options: WorkerOptions): Promise<void> {
  const { bindings, config = configFile, host, port, watch, storageDir, registryDir } = options;
  watchProxy(host, port, () => process.exit(1));
  dev.on("buildFailed", ({ cause }) => fail(describeBuildFailure(cause)));
  dev.on("error", (event) =>
    fail(lastError || String(event.cause?.message ?? event.reason ?? event.message)),
  );
  const reloaded = new Promise<UrlParts>((resolve) =>
    dev.once("reloadComplete", ({ proxyData }) => resolve(proxyData.userWorkerUrl)),
  );
  const worker = await dev.startWorker({
    config,
    envFiles: [noEnvFile],
    bindings: Object.fromEntries(
      Object.entries(bindings).map(([name, value]) => [name, { type: "secret_text", value }]),
    ),
    dev: {
      server: { hostname: host, port },
      inspector: false,
      persist: storageDir ?? false,
      ...(registryDir === undefined ? {} : { registry: registryDir }),
      watch,
      logLevel: "none",
      structuredLogsHandler: ({ level, message: text }: { level: string; message: string }) => {
        if (level === "error") lastError = text.replace(/^service \S+ /, "");
        send({ kind: "log", level, text });
      },
    },
  });
  const [url, direct] = await Promise.all([worker.url, reloaded]);
  isReady = true;
  dev.on("reloadComplete", () => send({ kind: "log", level: "info", text: "The Worker was rebuilt" }));
  const workerdUrl = `${direct.protocol}//${direct.hostname}:${direct.port}`;
  send({ kind: "ready", url: url.origin, workerdUrl });
}

type UrlParts = Pick<URL, "protocol" | "hostname" | "port">;

/** Before it is ready a failure is the end; afterwards wrangler waits for the next change of a file. */
function fail(reason: string): void {
  if (isReady) send({ kind: "log", level: "error", text: reason });
  else send({ kind: "failed", reason: reason.replace(/\n +at [\s\S]*/, "") });
}

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}
