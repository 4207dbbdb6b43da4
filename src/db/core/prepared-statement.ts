import { fillPlaceholders, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { PgDialect } from "drizzle-orm/pg-core";
import { PgRaw } from "drizzle-orm/pg-core/query-builders/raw";

/**
 * A statement of a batch. Its text is made once, at its first use; each use fills in its `sql.placeholder`s. Drizzle would
 * build the text again for every batch.
 */
export function prepareStatement<Values extends Record<string, unknown>>(statement: SQL) {
  let query: { sql: string; params: unknown[] } | undefined;
  return <Row>(values: Values): PgRaw<{ rows: Row[] }> => {
    query ??= new PgDialect().sqlToQuery(statement);
    return readyStatement(query.sql, fillPlaceholders(query.params, values));
  };
}

/** A statement for a batch, in the form that Drizzle gives raw SQL. It cannot run on its own. */
export function readyStatement<Row>(
  text: string,
  params: unknown[],
): PgRaw<{ rows: Row[] }> & BatchItem<"pg"> {
  const runAlone = () => Promise.reject(new Error("This statement runs only in a batch."));
  return new PgRaw<{ rows: Row[] }>(runAlone, noSql, { sql: text, params }, (result) => result);
}

const noSql: SQL = sql``;
