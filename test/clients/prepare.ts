import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";

// Installs the packages of the pages, unless those of the lock file are there, and builds the pages.
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const lock = at("./package-lock.json");
const installed = at("./node_modules/.installed-lock.json");

const isInstalled = existsSync(installed) && readFileSync(installed).equals(readFileSync(lock));
if (!isInstalled) {
  console.log("Installing the packages of test/clients, 600 MB: once");
  execFileSync("npm", ["ci", "--prefix", at("."), "--no-audit", "--no-fund"], { stdio: "inherit" });
  copyFileSync(lock, installed);
}
await build({ configFile: at("./vite.config.ts") });
