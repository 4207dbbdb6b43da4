import { neon, neonConfig } from "@neondatabase/serverless";
import { drizzle, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import { PantheonError } from "../domain/errors.ts";

/** Postgres through Neon's HTTP driver. `batch([...])` is one request and one transaction. */
export type Db = NeonHttpDatabase;

/** @param endpoint where the driver posts in local mode; undefined: Neon's own address. */
export function createDb(databaseUrl: string, endpoint?: string): Db {
  if (endpoint !== undefined) neonConfig.fetchEndpoint = endpoint;
  return drizzle(neon(databaseUrl));
}

type PostgresFields = { code?: string; constraint?: string };

/** The SQLSTATE and constraint of a failed statement: raw from a batch, wrapped from a single query. */
export function postgresFields(error: unknown): PostgresFields {
  const source = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(source instanceof Error) || !("code" in source) || typeof source.code !== "string") return {};
  const constraint =
    "constraint" in source && typeof source.constraint === "string" ? source.constraint : undefined;
  return constraint === undefined ? { code: source.code } : { code: source.code, constraint };
}

/**
 * Runs one request to the database; a failure that Postgres did not answer (no SQLSTATE) is 503
 * `database_unavailable`, anything else is thrown as it came.
 */
export async function askDatabase<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (postgresFields(error).code !== undefined) throw error;
    throw new PantheonError(
      "database_unavailable",
      "The database does not answer. Please retry.",
      {},
      { cause: error },
    );
  }
}
