import { apiKeyPrefix, isApiKey } from "../domain/api-key.ts";
import type { User } from "../domain/user.ts";
import { unauthorized, type VerifyToken } from "./auth.ts";

/**
 * How long a key is taken without asking the database again. A key that another isolate revoked is taken for this time at
 * most.
 */
const knownForMs = 30_000;
/** Keys that an isolate knows at most; the oldest is forgotten first. */
const maxKnownKeys = 1_000;

type FoundKey = { id: string; user: User };

export type ApiKeyUsers = {
  /** Verifies a bearer token: an API key, or what `verifyToken` takes. Rejects with PantheonError `unauthorized`. */
  verify: VerifyToken;
  /** A key that was revoked through this isolate is refused here at once. */
  forget: (keyId: string) => void;
};

export type ApiKeyPorts = {
  verifyToken: VerifyToken;
  /** Asks the database for the key of this hash. */
  findKey: (hash: string) => Promise<FoundKey | undefined>;
  digest: (text: string) => Promise<string>;
  nowMs: () => number;
};

/**
 * Takes API keys wherever a token is taken. A key is asked for in the database once in `knownForMs`, so that a turn
 * with a known key waits for the database as often as one with a token. Unknown keys are not remembered.
 */
export function createApiKeyUsers({ verifyToken, findKey, digest, nowMs }: ApiKeyPorts): ApiKeyUsers {
  const known = new Map<string, FoundKey & { untilMs: number }>();
  const verifyKey = async (key: string): Promise<User> => {
    if (!isApiKey(key)) throw unauthorized("The API key is not valid here.");
    const hash = await digest(key);
    const remembered = known.get(hash);
    if (remembered !== undefined && nowMs() < remembered.untilMs) return remembered.user;
    known.delete(hash);
    const found = await findKey(hash);
    if (found === undefined) throw unauthorized("The API key is not valid here.");
    known.set(hash, { ...found, untilMs: nowMs() + knownForMs });
    const [oldest] = known.keys();
    if (known.size > maxKnownKeys && oldest !== undefined) known.delete(oldest);
    return found.user;
  };
  return {
    verify: (token) => (token.startsWith(apiKeyPrefix) ? verifyKey(token) : verifyToken(token)),
    forget: (keyId) => {
      for (const [hash, { id }] of known) if (id === keyId) known.delete(hash);
    },
  };
}
