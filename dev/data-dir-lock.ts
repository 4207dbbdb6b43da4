import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivateDir } from "./private-dir.ts";

/**
 * Claims a directory for this process with a pid file in it; gives the function that frees it again.
 * The file of a process that has ended is ignored. Throws an Error with one line when another process holds it.
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

/** "<pid> <start>". The start is needed because pids are used again. */
function ownerLine(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    const isAlive = error instanceof Error && "code" in error && error.code === "EPERM";
    if (!isAlive) return `${pid} gone`;
  }
  return `${pid} ${startOf(pid)}`;
}

/** The start of the process in clock ticks since boot, from /proc; "alive" where there is none. */
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
