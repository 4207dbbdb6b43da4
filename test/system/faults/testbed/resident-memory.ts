import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a process holds of the machine's memory, in bytes. */
export function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s*(\d+) kB$/m.exec(readStatus(pid)) ?? [];
  const text = kibibytes ?? execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(text) * 1_024;
}

/** Empty where the system has no /proc. */
function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}
