import { type Column, getTableColumns, type SQL, sql } from "drizzle-orm";
import { customType, type PgTable } from "drizzle-orm/pg-core";

// How Postgres writes an instant depends on the `DateStyle` and the time zone of its database, and Neon's HTTP
// endpoint passes no option of a connection on. So no instant is read as Postgres writes it: it is selected as the
// milliseconds of its epoch, through `readableColumns`. ISO 8601, in which instants are sent, is read in every style.

type InstantOptions = { precision?: number };

/** A column of type `timestamptz`. Selected as it is, and not through `readableColumns`, it throws. */
export const instant = customType<{ data: Date; driverData: string; config: InstantOptions }>({
  dataType: (options) =>
    `timestamp${options?.precision === undefined ? "" : ` (${options.precision})`} with time zone`,
  toDriver: (date) => date.toISOString(),
  fromDriver: readInstant,
});

/** @param milliseconds a whole number in decimal digits, as Postgres writes a `bigint` under every setting. */
function readInstant(milliseconds: string): Date {
  if (!/^-?\d+$/.test(milliseconds)) throw new Error("An instant was not selected through readableColumns.");
  return new Date(Number(milliseconds));
}

type Columns<Table extends PgTable> = Table["_"]["columns"];
type Readable<Selected extends Column> = Selected["_"]["data"] extends Date
  ? SQL<Selected["_"]["notNull"] extends true ? Date : Date | null>
  : Selected;
type ReadableColumns<Table extends PgTable> = {
  [Name in keyof Columns<Table>]: Readable<Columns<Table>[Name]>;
};

/** An expression of type `timestamptz` as it is selected. */
export function readableInstant(expression: SQL): SQL<Date> {
  return sql`floor(extract(epoch from ${expression}) * 1000)::bigint`.mapWith(readInstant);
}

/** A table's columns as they are selected and returned: all but instants as they are. */
export function readableColumns<Table extends PgTable>(table: Table): ReadableColumns<Table> {
  const columns = Object.entries<Column>(getTableColumns(table)).map(([name, column]) => [
    name,
    isInstant(column) ? sql`floor(extract(epoch from ${column}) * 1000)::bigint`.mapWith(column) : column,
  ]);
  return Object.fromEntries(columns);
}

function isInstant(column: Column): boolean {
  return column.getSQLType().startsWith("timestamp");
}
