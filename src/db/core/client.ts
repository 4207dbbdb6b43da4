import { NeonDbError, neon, neonConfig } from "@neondatabase/serverless";
import { drizzle, type NeonHttpDatabase } from "drizzle-orm/neon-http";
import { databaseUnavailableDetail, PantheonError } from "../../domain/errors.ts";

/** Postgres through Neon's HTTP driver. `batch([...])` is one request and one transaction. */
export type Db = NeonHttpDatabase & {
  /** Called before each request that goes through `askDatabase`. */
  onRequest?: () => void;
};

/** @param endpoint where the driver posts in local mode; undefined: Neon's own address. */
export function createDb(databaseUrl: string, endpoint?: string): Db {
  if (endpoint !== undefined) neonConfig.fetchEndpoint = endpoint;
  return drizzle(neon(databaseUrl));
}

export type CountedDb = { db: Db; requests: () => number };

/** The same database with a counter of its own: it counts the requests made through it. */
export function countRequests(db: Db): CountedDb {
  let requests = 0;
  const onRequest = () => {
    requests += 1;
  };
  const counted: Db = Object.create(db, { onRequest: { value: onRequest } });
  return { db: counted, requests: () => requests };
}

type PostgresFields = { code?: string; constraint?: string };

/** The SQLSTATE and constraint of a failed statement: raw from a batch, wrapped from a single query. */
export function postgresFields(error: unknown): PostgresFields {
  const source = sourceOf(error);
  if (!(source instanceof Error) || !("code" in source) || typeof source.code !== "string") return {};
  const constraint =
    "constraint" in source && typeof source.constraint === "string" ? source.constraint : undefined;
  return constraint === undefined ? { code: source.code } : { code: source.code, constraint };
}

/**
 * SQLSTATE classes of failures that pass: Postgres stops, starts, has no resources left, or ended one of two transactions
 * that waited for each other. Nothing was done, and the same request may succeed in a moment.
 */
const passing = /^(08|53|57P|40)/;

/** The request is larger than the 10 MiB that Neon's endpoint takes. Nothing of it was done. */
export class RequestTooLarge extends Error {
  override readonly name = "RequestTooLarge";
}

/** The answer is larger than the 10 MiB that Neon's endpoint gives. Its transaction was rolled back. */
export class ResponseTooLarge extends Error {
  override readonly name = "ResponseTooLarge";
}

/**
 * Runs one request to the database. Where its answer is lost, or Postgres answers with a failure that will pass, this is
 * 503 `database_unavailable`. A size that the endpoint refuses stays the same however often it is asked: it is
 * `RequestTooLarge` or `ResponseTooLarge`. Anything else is thrown as it came.
 */
export async function askDatabase<T>(db: Db, request: () => Promise<T>): Promise<T> {
  db.onRequest?.();
  try {
    return await request();
  } catch (error) {
    const status = endpointStatus(error);
    if (status === 413) throw new RequestTooLarge("The database takes no request of this size.");
    if (status === 507) throw new ResponseTooLarge("The database gives no answer of this size.");
    const { code } = postgresFields(error);
    if (code === undefined ? !isAnswerLost(error) : !passing.test(code)) throw error;
    throw new PantheonError("database_unavailable", databaseUnavailableDetail, {}, { cause: error });
  }
}

/** The HTTP status of the endpoint's own refusal: the driver keeps it in the message only. */
function endpointStatus(error: unknown): number | undefined {
  const source = sourceOf(error);
  if (!(source instanceof NeonDbError)) return undefined;
  const [, status] = /^Server error \(HTTP status (\d{3})\)/.exec(source.message) ?? [];
  return status === undefined ? undefined : Number(status);
}

/**
 * Whether the answer did not come, or broke off. The driver wraps what fails before the body. Reading a body rejects
 * with a plain Error, or with a SyntaxError where the body ends early. An error of the program has a class of its own.
 */
function isAnswerLost(error: unknown): boolean {
  const source = sourceOf(error);
  if (source instanceof NeonDbError || source instanceof SyntaxError) return true;
  return source instanceof Error && (source.constructor === Error || isBrokenCompression(source));
}

/** A compressed body that ends early, as workerd reports it. */
function isBrokenCompression({ message }: Error): boolean {
  return message.endsWith("decompression failed.");
}

/** Drizzle wraps the driver's errors of a single query. */
function sourceOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

/** Between three tries. */
const shortPausesMs = [100, 400];

/**
 * Repeats a request that is safe to repeat while its answer is lost or a failure will pass, once after each
 * pause.
 * @throws PantheonError `database_unavailable` after the last try; at once what `askDatabase` throws besides.
 */
export async function repeatIfLost<T>(
  db: Db,
  request: () => Promise<T>,
  pausesMs: readonly number[] = shortPausesMs,
): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await askDatabase(db, request);
    } catch (error) {
      if (!(error instanceof PantheonError && error.code === "database_unavailable")) throw error;
      await pause(pauseMs);
    }
  }
  return askDatabase(db, request);
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
