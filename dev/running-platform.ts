import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dataDirOf, type Environment, makeDataDir } from "./local-settings.ts";

const announcementFile = "platform-url";
const answerTimeoutMs = 2_000;

/** Writes the platform's URL into the data directory. Returns a function that removes it. */
export function announcePlatform(env: Environment, url: string): () => void {
  const file = join(makeDataDir(env), announcementFile);
  writeFileSync(file, announcementOf(env, url), { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

/** The URL of the running platform with this data directory and database, if it accepts the token. */
export async function findRunningPlatform(env: Environment, token: string): Promise<string | undefined> {
  try {
    const announcement = readFileSync(join(dataDirOf(env), announcementFile), "utf8");
    const url = announcement.split("\n")[0] ?? "";
    if (announcement !== announcementOf(env, url)) return undefined;
    const response = await fetch(`${url}/api/v1/auth/me`, {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    return response.ok ? url : undefined;
  } catch {
    return undefined;
  }
}

/** The URL, and on a second line the database without user and password. */
function announcementOf({ DATABASE_URL: database = "" }: Environment, url: string): string {
  const { host, pathname } = URL.canParse(database) ? new URL(database) : { host: "embedded", pathname: "" };
  return `${url}\n${host}${pathname}`;
}
