import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A browser that can be started, with what its process needs; or why there is none. */
export type BrowserBinary = { path: string; env: Record<string, string> } | { missing: string };

const modules = fileURLToPath(new URL("../../../node_modules", import.meta.url));
const packageDir = join(modules, "@sparticuz/chromium");

/**
 * The Chromium that CHROMIUM_PATH names, or the one inside the npm package, unpacked once into node_modules/.cache.
 * Nothing is downloaded. Where the system has no NSS, the package's own libraries are taken.
 */
export async function findBrowser(env: NodeJS.ProcessEnv): Promise<BrowserBinary> {
  if (env.CHROMIUM_PATH) return { path: env.CHROMIUM_PATH, env: {} };
  if (process.platform !== "linux" || process.arch !== "x64") {
    return {
      missing: `CHROMIUM_PATH is not set, and the package has no Chromium for ${process.platform} ${process.arch}`,
    };
  }
  if (!existsSync(packageDir)) return { missing: "@sparticuz/chromium is not installed" };
  const dir = await unpack();
  const path = join(dir, "chromium");
  const fonts = { FONTCONFIG_FILE: writeFontSettings(dir) };
  for (const libraries of [{}, { LD_LIBRARY_PATH: join(dir, "al2023", "lib") }]) {
    if (await starts(path, libraries)) return { path, env: { ...fonts, ...libraries } };
  }
  return { missing: "Chromium does not start here: a library of the system is missing" };
}

/** Unpacks aside and renames: runs at the same time never see a half of it. */
async function unpack(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8"));
  const dir = join(modules, ".cache", `chromium-${version}`);
  if (existsSync(dir)) return dir;
  const aside = `${dir}-${process.pid}`;
  mkdirSync(aside, { recursive: true });
  // The package unpacks into the directory for temporary files.
  const { TMPDIR: usual } = process.env;
  process.env.TMPDIR = aside;
  try {
    const { default: chromium, inflate } = await import("@sparticuz/chromium");
    await chromium.executablePath();
    await inflate(join(packageDir, "bin", "al2023.tar.br"));
  } finally {
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
  }
  try {
    renameSync(aside, dir);
  } catch {
    // Another run was first.
    rmSync(aside, { recursive: true, force: true });
  }
  return dir;
}

/** The package's own settings name folders of another platform: a browser without fonts shows no text, and ends where a canvas draws one. */
function writeFontSettings(dir: string): string {
  const file = join(dir, "fonts.conf");
  const settings = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(dir, "fonts")}</dir>
  <cachedir>${join(dir, "fonts-cache")}</cachedir>
</fontconfig>
`;
  writeFileSync(file, settings);
  return file;
}

async function starts(path: string, env: Record<string, string>): Promise<boolean> {
  const run = promisify(execFile)(path, ["--version"], { env: { ...process.env, ...env }, timeout: 20_000 });
  return await run.then(
    () => true,
    () => false,
  );
}
