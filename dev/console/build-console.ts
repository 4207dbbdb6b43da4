import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const rootDir = fileURLToPath(new URL("../..", import.meta.url));
const consoleDir = join(rootDir, "console");
const builtDir = join(consoleDir, "dist");
const stampFile = "sources.sha256";

/** What the built files depend on: the console, the rules that it shares with the server, the packages. */
const sources = [
  "console/src",
  "console/public",
  "console/index.html",
  "console/vite.config.ts",
  "dev/console/build-console.ts",
  "src/domain",
];

/**
 * Builds the console into console/dist, unless it was built from these very sources. Commands that run at the same
 * time may both build: the last one replaces the files of the first. Throws an Error that says where a build failed.
 */
export async function buildConsole(): Promise<"built" | "unchanged"> {
  const digest = digestSources();
  const stamp = join(builtDir, stampFile);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return "unchanged";
  const outDir = join(consoleDir, `dist-${process.pid}`);
  try {
    await buildForProduction(outDir);
    writeFileSync(join(outDir, stampFile), digest);
    rmSync(builtDir, { recursive: true, force: true });
    renameSync(outDir, builtDir);
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
  return "built";
}

/** Vite builds for development wherever NODE_ENV is set to something else, as it is in tests. */
async function buildForProduction(outDir: string): Promise<void> {
  const { build } = await import("vite");
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = "production";
  try {
    await build({
      configFile: join(consoleDir, "vite.config.ts"),
      logLevel: "error",
      build: { outDir, emptyOutDir: true },
    });
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}

function digestSources(): string {
  const hash = createHash("sha256");
  for (const source of [...sources, "package-lock.json"]) {
    for (const file of listFiles(join(rootDir, source))) {
      hash.update(file.slice(rootDir.length)).update("\0").update(readFileSync(file));
    }
  }
  return hash.digest("hex");
}

/** A file itself, or all files below a directory, in one order on every machine. */
function listFiles(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .toSorted()
    .flatMap((name) => listFiles(join(path, name)));
}
