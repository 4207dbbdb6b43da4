import { pingDatabase } from "../db/core/ping.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";

const readinessTimeoutMs = 2_000;

/** @throws PantheonError `not_ready` where the database does not answer in two seconds. */
export async function checkReadiness(deps: Pick<Deps, "db">): Promise<void> {
  try {
    await pingDatabase(deps.db, readinessTimeoutMs);
  } catch (error) {
    throw new PantheonError("not_ready", "The database does not answer.", {}, { cause: error });
  }
}
