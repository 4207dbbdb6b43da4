import { neon, neonConfig } from "@neondatabase/serverless";
import { drizzle, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import { PantheonError } from "../../domain/errors.ts";

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
 * What Postgres says while it goes away, comes back or is overrun, and where it ended one of two transactions
 * that waited for each other: nothing was done, and the same request may succeed in a moment.
 */
const passing = /^(08|53|57P|40)/;

/**
 * Runs one request to the database; a failure that Postgres did not answer (no SQLSTATE), or that will pass, is
 * 503 `database_unavailable`, anything else is thrown as it came.
 */
export async function askDatabase<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const { code } = postgresFields(error);
    if (code !== undefined && !passing.test(code)) throw error;
    throw new PantheonError(
      "database_unavailable",
      "The database does not answer. Please retry.",
      {},
      { cause: error },
    );
  }
}

/** Between three tries. */
const shortPausesMs = [100, 400];

/**
 * Repeats a request that is safe to repeat while its answer is lost or a failure will pass, once after each
 * pause. `roundTrips` counts the tries.
 * @throws PantheonError `database_unavailable` after the last try; what Postgres refuses, as it came.
 */
export async function repeatLost<T>(
  request: () => Promise<T>,
  pausesMs: readonly number[] = shortPausesMs,
): Promise<{ result: T; roundTrips: number }> {
  for (let roundTrips = 1; ; roundTrips += 1) {
    try {
      return { result: await askDatabase(request), roundTrips };
    } catch (error) {
      const isLost = error instanceof PantheonError && error.code === "database_unavailable";
      const pauseMs = pausesMs[roundTrips - 1];
      if (!isLost || pauseMs === undefined) throw error;
      await pause(pauseMs);
    }
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
