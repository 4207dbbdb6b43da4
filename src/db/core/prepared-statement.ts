import { fillPlaceholders, type Query, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import { drizzle } from "drizzle-orm/neon-http";
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

type Select<Row> = BatchItem<"pg"> & { _: { result: Row[] }; prepare(name: string): PreparedSelect };
type PreparedSelect = {
  getQuery(): Query;
  mapResult(response: unknown): unknown;
};

/** Builds selects for `prepareSelect`. It has no database. */
export const selectBuilder = drizzle.mock();

/** The same for a select of Drizzle's builder, whose columns read its rows. `build` is called at its first use. */
export function prepareSelect<Row>(build: () => Select<Row>) {
  let prepared: PreparedSelect | undefined;
  return (values: Readonly<Record<string, unknown>>): PgRaw<Row[]> => {
    prepared ??= build().prepare("");
    const { sql: text, params } = prepared.getQuery();
    return new ReadySelect<Row[]>(
      runAlone,
      noSql,
      { sql: text, params: fillPlaceholders(params, values) },
      (result) => prepared?.mapResult(result),
    );
  };
}

/** Its rows are sent as lists: columns of two tables may have one name. */
class ReadySelect<Result> extends PgRaw<Result> {
  isResponseInArrayMode(): boolean {
    return true;
  }
}

/** A statement for a batch, in the form that Drizzle gives raw SQL. It cannot run on its own. */
export function readyStatement<Row>(
  text: string,
  params: unknown[],
): PgRaw<{ rows: Row[] }> & BatchItem<"pg"> {
  return new PgRaw<{ rows: Row[] }>(runAlone, noSql, { sql: text, params }, (result) => result);
}

const runAlone = () => Promise.reject(new Error("This statement runs only in a batch."));
const noSql: SQL = sql``;
