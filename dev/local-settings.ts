import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { makePrivateDir } from "./private-dir.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the local Worker checks tokens with. There is no `secret` where AUTH_JWKS_URL is set. */
export type LocalAuth = { secret: string | undefined; issuer: string; audience: string };

const repositoryDir = fileURLToPath(new URL("..", import.meta.url));

/** The environment, over the file `.dev.vars` of this repository, which wrangler reads in the same form. */
export function readEnvironment(): Environment {
  const file = join(repositoryDir, ".dev.vars");
  return { ...(existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {}), ...process.env };
}

/** Where the local platform keeps its database and its secret: PANTHEON_DATA_DIR, else `.pantheon` here. */
export function dataDirOf(env: Environment): string {
  return env.PANTHEON_DATA_DIR ? resolve(env.PANTHEON_DATA_DIR) : join(repositoryDir, ".pantheon");
}

/** Creates it where it is missing. Throws an Error with one line where that fails. */
export function makeDataDir(env: Environment): string {
  const dir = dataDirOf(env);
  try {
    makePrivateDir(dir);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new Error(`PANTHEON_DATA_DIR: ${dir} cannot be made a directory (${reason}).`);
  }
  return dir;
}

/** The AUTH_* settings of the environment. Missing ones get defaults; the secret is random and kept. */
export function localAuth(env: Environment): LocalAuth {
  const ownSecret = () => (env.AUTH_JWKS_URL ? undefined : readOrCreateSecret(makeDataDir(env)));
  return {
    secret: env.AUTH_JWT_SECRET || ownSecret(),
    issuer: env.AUTH_ISSUER || "pantheon-local",
    audience: env.AUTH_AUDIENCE || "pantheon",
  };
}

/** The claims of an operator's token, by the settings of the local Worker. */
export function operatorClaims(env: Environment): Record<string, string[]> {
  return { [env.ADMIN_CLAIM || "roles"]: [env.ADMIN_ROLE || "pantheon-admin"] };
}

function readOrCreateSecret(dataDir: string): string {
  const file = join(dataDir, "auth-secret");
  try {
    writeFileSync(file, randomBytes(32).toString("hex"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  return readFileSync(file, "utf8");
}
