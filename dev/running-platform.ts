import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dataDirOf, type Environment, localAuth } from "./local-settings.ts";
import { mintToken } from "./mint-token.ts";
import { DEMO_ROOM_ID, DEMO_USER } from "./seed.ts";

const ANSWER_TIMEOUT_MS = 2_000;

/** A token and where it is accepted: what a client of the local platform needs. */
export type Access = { url: string; token: string };

/** Leaves word in the data directory where the platform answers; gives what takes it back. */
export function announcePlatform(env: Environment, url: string): () => void {
  const file = announcementFile(env);
  mkdirSync(dataDirOf(env), { recursive: true });
  writeFileSync(file, url);
  return () => rmSync(file, { force: true });
}

/** The platform that runs with this data directory, if there is one and it takes our token. */
export async function findRunningPlatform(env: Environment): Promise<Access | undefined> {
  const auth = localAuth(env);
  if (auth.secret === undefined) return undefined;
  const token = await mintToken(auth, { sub: DEMO_USER.id, email: DEMO_USER.email });
  try {
    const url = readFileSync(announcementFile(env), "utf8");
    const response = await fetch(`${url}/api/v1/rooms/${DEMO_ROOM_ID}`, {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return response.ok ? { url, token } : undefined;
  } catch {
    return undefined;
  }
}

function announcementFile(env: Environment): string {
  return join(dataDirOf(env), "platform-url");
}
