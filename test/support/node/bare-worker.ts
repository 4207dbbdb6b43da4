import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unstable_readConfig } from "wrangler";
import { runWrangler } from "../../../dev/bundle/run-wrangler.ts";
import { reservePort } from "../../../dev/free-port.ts";

const HOST = "127.0.0.1";
const CONFIG = fileURLToPath(new URL("../../../wrangler.toml", import.meta.url));
const fromWrangler = createRequire(createRequire(import.meta.url).resolve("wrangler"));

export type BareWorker = { url: string; output(): string; stop(): Promise<void> };

/**
 * The Worker as it is deployed, in workerd itself: the proxy that `wrangler dev` puts before it does not tell it
 * of a client that goes away before its answer.
 */
export async function startBareWorker(settings: Record<string, string>): Promise<BareWorker> {
  const dir = await mkdtemp(join(tmpdir(), "pantheon-bare-"));
  await runWrangler(["deploy", "--dry-run", "--outdir", dir]);
  const port = await reservePort(0, HOST);
  await writeFile(join(dir, "config.capnp"), describeWorker(port, settings));
  const workerd: string = fromWrangler("workerd").default;
  const child = spawn(workerd, ["serve", join(dir, "config.capnp")], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    url: `http://${HOST}:${port}`,
    output: () => output,
    async stop() {
      child.kill();
      await ended;
      await rm(dir, { recursive: true });
    },
  };
}

function describeWorker(port: number, settings: Record<string, string>): string {
  const { compatibility_date: date, compatibility_flags: flags } = unstable_readConfig({ config: CONFIG });
  const bindings = Object.entries(settings).map(
    ([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "index.js", esModule = embed "index.js")],
      compatibilityDate = "${date}",
      compatibilityFlags = [${flags.map((flag: string) => `"${flag}"`).join(", ")}],
      bindings = [${bindings.join(", ")}],
    )),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "${HOST}:${port}", http = (), service = "main")],
);
`;
}
