import { spawn } from "node:child_process";
import { copyFile, mkdtemp, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, parse } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { unstable_readConfig } from "wrangler";
import { type BundleOptions, bundleWorker } from "../../../../dev/bundle/bundle-worker.ts";
import { crons } from "../../../../src/domain/crons.ts";

const workerdBin: string = createRequire(import.meta.url)("workerd").default;
const configFile = fileURLToPath(new URL("../../../../wrangler.toml", import.meta.url));
const configName = "config.capnp";
const faultyConfigName = "faulty-config.capnp";
const faultyObjects = "faulty-objects.js";
const bucket = "bucket.js";

/** One line of the Worker's log. */
export type LogLine = { level: string; event: string } & Record<string, unknown>;

/** A workerd of its own, one process, so that a signal hits it and nothing else. */
export type Workerd = {
  /** http://host:port, without a slash at the end */
  url: string;
  pid: number;
  /** http://host:port of its inspector, where it was started with one. */
  inspectorUrl: string | undefined;
  /** What the Worker logged so far. */
  log: readonly LogLine[];
  /** Calls the Worker's scheduled handler, as the edge does; left out: every minute. Throws where it failed. */
  callScheduled(cron?: string): Promise<void>;
  /** SIGSTOP, and SIGCONT. */
  pause(): void;
  wake(): void;
  /** SIGKILL; resolves once the process is gone. */
  kill(): Promise<void>;
};

/**
 * Bundles the Worker as it is deployed, with configurations for workerd, into `dir`. A Worker whose configuration is named has
 * its settings, and no storage and no objects.
 */
export async function prepareWorkerd(
  dir: string,
  settingNames: readonly string[],
  options: BundleOptions = {},
): Promise<void> {
  await bundleWorker(dir, options);
  for (const name of [faultyObjects, bucket]) await copyFile(new URL(name, import.meta.url), join(dir, name));
  const names = { settingNames, configFile: options.config ?? configFile };
  const isPlain = options.config !== undefined;
  const entry = `${parse(unstable_readConfig({ config: names.configFile }).main ?? "index.ts").name}.js`;
  await writeFile(join(dir, configName), configText({ ...names, isPlain, moduleNames: [entry] }));
  if (isPlain) return;
  const moduleNames = [faultyObjects, entry];
  await writeFile(join(dir, faultyConfigName), configText({ ...names, isPlain, moduleNames }));
}

export type WorkerdOptions = {
  /** Where its Durable Objects are stored. Left out: in a directory of its own, as in another place of the network. */
  objectsDir?: string;
  /** Whether it listens for an inspector, which measures its heap. */
  hasInspector?: boolean;
  /** Whether faults of its objects can be armed, see faulty-objects.js. */
  hasFaultyObjects?: boolean;
};

/** Starts what `prepareWorkerd` prepared; `settings` must be those that were named. Takes about 0.2 s. */
export async function startWorkerd(
  dir: string,
  settings: Readonly<Record<string, string>>,
  { hasInspector = false, hasFaultyObjects = false, objectsDir }: WorkerdOptions = {},
): Promise<Workerd> {
  const objects = objectsDir ?? (await mkdtemp(join(dir, "objects-")));
  const config = join(dir, hasFaultyObjects ? faultyConfigName : configName);
  const args = ["serve", config, "--experimental", "--control-fd=3"];
  args.push(`--directory-path=objects=${objects}`);
  if (hasInspector) args.push("--inspector-addr=127.0.0.1:0");
  const child = spawn(workerdBin, args, {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: settings,
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // Should this process end, it takes workerd along.
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);
  ended.then(() => process.off("exit", killNow));

  const log: LogLine[] = [];
  let errors = "";
  const [, output, errorOutput, control] = child.stdio;
  readLines(output, (line) => log.push(...parseLogLine(line)));
  // Warnings and errors are logged there, among the messages of workerd itself.
  readLines(errorOutput, (line) => {
    log.push(...parseLogLine(line));
    errors = `${errors}${line}\n`.slice(-4_000);
  });
  const ports = new Map<string, number>();
  await new Promise<void>((resolve, reject) => {
    readLines(control, (line) => {
      const message: { event: string; socket: string; port: number } = JSON.parse(line);
      if (message.event === "listen") ports.set(message.socket, message.port);
      if (message.event === "listen-inspector") ports.set("inspector", message.port);
      if (ports.size === (hasInspector ? 3 : 2)) resolve();
    });
    ended.then(() => reject(new Error(`workerd did not start: ${errors.trim()}`)));
  });
  const addressOf = (socket: string) => `http://127.0.0.1:${ports.get(socket)}`;
  return {
    url: addressOf("http"),
    pid: child.pid ?? 0,
    inspectorUrl: hasInspector ? addressOf("inspector") : undefined,
    log,
    async callScheduled(cron = crons.everyMinute) {
      const response = await fetch(`${addressOf("schedule")}?cron=${encodeURIComponent(cron)}`);
      const text = await response.text();
      if (!/"outcome":"ok"/.test(text))
        throw new Error(`the scheduled handler failed: ${text} ${errors.trim()}`);
    },
    pause: () => child.kill("SIGSTOP"),
    wake: () => child.kill("SIGCONT"),
    async kill() {
      killNow();
      await ended;
    },
  };
}

const storageBindings = `(name = "FILES", r2Bucket = "storage"),
        (name = "PARSE_QUEUE", queue = "storage"),
        (name = "LIVE_SESSIONS", durableObjectNamespace = "LiveSession"),`;
const objectNamespaces = `durableObjectNamespaces = [
        (className = "LiveSession", uniqueKey = "live-sessions", enableSql = true),
      ],
      durableObjectStorage = (localDisk = "objects"),`;

type ConfigOptions = {
  settingNames: readonly string[];
  moduleNames: readonly string[];
  configFile: string;
  /** Without storage and objects. */
  isPlain: boolean;
};

/**
 * The Worker behind one socket, and behind another what calls its scheduled handler. The first module is the Worker's.
 * `gc` is exposed for the inspector that measures the heap.
 */
function configText({ settingNames, moduleNames, configFile: config, isPlain }: ConfigOptions): string {
  const { compatibility_date: date, compatibility_flags: flags } = unstable_readConfig({ config });
  const modules = moduleNames.map((name) => `(name = "${name}", esModule = embed "${name}")`);
  const bindings = settingNames.map((name) => `(name = "${name}", fromEnvironment = "${name}")`);
  const schedule = `export default { async fetch(request, env) {
    const cron = new URL(request.url).searchParams.get("cron");
    return Response.json(await env.WORKER.scheduled({ cron }));
  } }`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--expose-gc"],
  services = [
    (name = "worker", worker = (
      modules = [${modules.join(", ")}],
      compatibilityDate = "${date}",
      compatibilityFlags = [${flags.map((flag: string) => `"${flag}"`).join(", ")}],
      bindings = [
        ${bindings.join(", ")},
        ${isPlain ? "" : storageBindings}
      ],
      ${isPlain ? "" : objectNamespaces}
    )),
    (name = "objects", disk = (writable = true)),
    (name = "storage", worker = (
      modules = [(name = "${bucket}", esModule = embed "${bucket}")],
      compatibilityDate = "${date}",
    )),
    (name = "schedule", worker = (
      modules = [(name = "schedule.js", esModule = ${JSON.stringify(schedule)})],
      compatibilityDate = "${date}",
      compatibilityFlags = ["service_binding_extra_handlers"],
      bindings = [(name = "WORKER", service = "worker")],
    )),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "worker"),
    (name = "schedule", address = "127.0.0.1:0", http = (), service = "schedule"),
  ],
);
`;
}

function readLines(pipe: Readable | Writable | null | undefined, take: (line: string) => void): void {
  let unread = "";
  pipe?.on("data", (chunk: Buffer) => {
    const lines = (unread + chunk.toString("utf8")).split("\n");
    unread = lines.pop() ?? "";
    for (const line of lines) if (line !== "") take(line);
  });
}

function parseLogLine(line: string): LogLine[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
