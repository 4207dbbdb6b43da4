import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { runWrangler } from "./run-wrangler.ts";

/** What `wrangler deploy` would send to Cloudflare. */
export type Upload = {
  file: string;
  /** All modules as one, as wrangler reckons; source maps are not part of a Worker's size. */
  gzipBytes: number;
  bindings: readonly Binding[];
};

export type Binding = { name: string; type: string; text?: string };

/**
 * Bundles the Worker of an environment as a deployment does, into a file, with `secrets` in place of those
 * that Cloudflare would keep. `config` is the Worker's configuration file. Sends nothing anywhere.
 */
export async function buildUpload(
  environment: string,
  file: string,
  secrets: Readonly<Record<string, string>>,
  config = "wrangler.toml",
): Promise<Upload> {
  const vars = Object.entries(secrets).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  await runWrangler([
    "deploy",
    "--dry-run",
    "--config",
    config,
    "--env",
    environment,
    "--outfile",
    file,
    ...vars,
  ]);
  const form = await readForm(file);
  const parts = [...form.values()].filter((part) => typeof part !== "string");
  const modules = parts.filter(({ type }) => type !== "application/source-map");
  const contents = await Promise.all(modules.map((module) => module.arrayBuffer()));
  const metadata: { bindings: Binding[] } = JSON.parse(String(form.get("metadata")));
  return {
    file,
    gzipBytes: gzipSync(Buffer.concat(contents.map((content) => Buffer.from(content)))).length,
    bindings: metadata.bindings,
  };
}

/** Durable Objects are used by requests only, and wrangler's profiler of the start-up cannot bind them. */
const unprofiledType = "durable_object_namespace";

/** Writes the upload again, as the profiler of the start-up can read it. */
export async function writeProfiledUpload(upload: Upload, file: string): Promise<void> {
  const form = await readForm(upload.file);
  const metadata: { bindings: Binding[] } = JSON.parse(String(form.get("metadata")));
  const bindings = metadata.bindings.filter(({ type }) => type !== unprofiledType);
  form.set("metadata", JSON.stringify({ ...metadata, bindings }));
  await writeFile(file, Buffer.from(await new Response(form).arrayBuffer()));
}

/** The upload is a form; its first line is `--` and the boundary of its parts. */
async function readForm(file: string): Promise<FormData> {
  const bytes = await readFile(file);
  const boundary = bytes.subarray(2, bytes.indexOf("\n")).toString().trim();
  const headers = { "Content-Type": `multipart/form-data; boundary=${boundary}` };
  return await new Response(bytes, { headers }).formData();
}
