import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivateDir } from "./private-dir.ts";

/**
 * Claims a directory for this process with a pid file in it; gives the function that frees it again.
 * The file of a process that is gone is ignored. Throws an Error with one line when another one lives.
 */
export function lockDataDir(dir: string): () => void {
  makePrivateDir(dir);
  const file = join(dir, "pantheon.pid");
  const own = ownerLine(process.pid);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, own, { flag: "wx" });
      const free = () => freeIfOwn(file, own);
      // A process that ends without stopping its database leaves no file behind either.
      process.once("exit", free);
      return () => {
        process.off("exit", free);
        free();
      };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const owner = readOwner(file);
    const pid = Number(owner.split(" ")[0]);
    if (Number.isInteger(pid) && pid > 0 && ownerLine(pid) === owner) break;
    rmSync(file, { force: true });
  }
  const holder = readOwner(file).split(" ")[0];
  throw new Error(`The data directory ${dir} is in use by another Pantheon process (pid ${holder}).`);
}

/** "<pid> <start>": a pid alone may since belong to somebody else. Never equal for a process that is gone. */
function ownerLine(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    const isAlive = error instanceof Error && "code" in error && error.code === "EPERM";
    if (!isAlive) return `${pid} gone`;
  }
  return `${pid} ${startOf(pid)}`;
}

/** The process's start in clock ticks since boot where /proc tells it, else "alive". */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "alive";
  } catch {
    return "alive";
  }
}

function readOwner(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function freeIfOwn(file: string, own: string): void {
  if (readOwner(file) === own) rmSync(file, { force: true });
}
