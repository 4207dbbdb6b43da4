import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const dir = fileURLToPath(new URL(".", import.meta.url));
const run = promisify(execFile);

/** Makes the three clients, as people make them, of this document. */
export async function generateClients(document: string): Promise<void> {
  await rm(`${dir}generated`, { recursive: true, force: true });
  await mkdir(`${dir}generated`);
  await writeFile(`${dir}generated/openapi.json`, document);
  await runTool(
    "openapi-typescript",
    "generated/openapi.json",
    "-o",
    "generated/openapi-typescript/pantheon-api.ts",
  );
  await runTool(
    "openapi-ts",
    "-i",
    "./generated/openapi.json",
    "-o",
    "generated/hey-api",
    "-c",
    "@hey-api/client-fetch",
  );
  await runTool("orval", "--config", "orval.config.ts", "--fail-on-warnings");
}

/** Compiles them with what the scenario does with them, in strict TypeScript. Returns the compiler's words: none. */
export async function compileClients(): Promise<string> {
  const compiler = fileURLToPath(new URL("../../node_modules/.bin/tsc", import.meta.url));
  const compiling = run(compiler, ["-p", "tsconfig.json", "--pretty", "false"], { cwd: dir });
  return compiling.then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}

async function runTool(name: string, ...args: string[]): Promise<void> {
  await run(`${dir}node_modules/.bin/${name}`, args, { cwd: dir });
}
