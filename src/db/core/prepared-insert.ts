import { type Column, getTableColumns, getTableName } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { PgTable } from "drizzle-orm/pg-core";
import { readyStatement } from "./prepared-statement.ts";

/**
 * An insert of whole rows. Its text is made once for each number of rows: Drizzle builds it again for every batch, value by
 * value, which was most of the database layer's CPU time in a turn. The table's columns encode the values. No rows give no
 * statement.
 * @param onConflict the clause after the values, without parameters.
 */
export function prepareInsert<Table extends PgTable>(table: Table, onConflict = "") {
  const columns = Object.entries<Column>(getTableColumns(table));
  const texts = new Map<number, string>();
  return (rows: readonly Table["$inferSelect"][]): BatchItem<"pg">[] => {
    if (rows.length === 0) return [];
    const text = texts.get(rows.length) ?? insertText(table, columns, rows.length, onConflict);
    texts.set(rows.length, text);
    return [
      readyStatement(
        text,
        rows.flatMap((row) => columns.map(([key, column]) => encode(column, row[key]))),
      ),
    ];
  };
}

function encode(column: Column, value: unknown): unknown {
  return value === null ? null : column.mapToDriverValue(value);
}

function insertText(
  table: PgTable,
  columns: readonly (readonly [string, Column])[],
  rows: number,
  onConflict: string,
): string {
  const names = columns.map(([, { name }]) => `"${name}"`).join(", ");
  const placeholdersOf = (row: number) => columns.map((_, index) => `$${row * columns.length + index + 1}`);
  const values = Array.from({ length: rows }, (_, row) => `(${placeholdersOf(row).join(", ")})`);
  return `insert into "${getTableName(table)}" (${names}) values ${values.join(", ")} ${onConflict}`.trimEnd();
}
