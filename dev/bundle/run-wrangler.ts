import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildConsole } from "../console/build-console.ts";
import { quietWrangler } from "../quiet-wrangler.ts";

const repositoryDir = fileURLToPath(new URL("../..", import.meta.url));
const wranglerBin = fileURLToPath(new URL("../../node_modules/wrangler/bin/wrangler.js", import.meta.url));

/** What a command of wrangler printed. Throws an Error with all of it where the command fails. */
export async function runWrangler(args: readonly string[]): Promise<string> {
  await buildConsole();
  const child = spawn(process.execPath, [wranglerBin, ...args], {
    cwd: repositoryDir,
    env: { ...process.env, ...quietWrangler },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  }
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`wrangler ${args.slice(0, 2).join(" ")} failed:\n${output.trim()}`));
    });
  });
}
