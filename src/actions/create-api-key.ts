import { type ApiKeyRow, insertApiKey } from "../db/keys/api-keys.ts";
import type { Deps } from "../deps.ts";
import { endingOf, maxApiKeys } from "../domain/api-key.ts";
import { PantheonError } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/**
 * Makes a key for the caller. The key itself is only in this answer: its hash is stored.
 * @throws PantheonError `too_many_keys`.
 */
export async function createApiKey(
  deps: Deps,
  user: User,
  name: string,
): Promise<{ row: ApiKeyRow; key: string }> {
  const key = deps.newApiKey();
  const row = await insertApiKey(
    deps.db,
    user,
    { id: deps.newId(), name, hash: await deps.digest(key), ending: endingOf(key) },
    { capacity: maxApiKeys, now: deps.now() },
  );
  if (row === undefined) throw new PantheonError("too_many_keys", `You have ${maxApiKeys} keys already.`);
  return { row, key };
}
