import { type Column, getTableColumns, getTableName } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { PgTable } from "drizzle-orm/pg-core";
import { readyStatement } from "./prepared-statement.ts";

type Insert<Table extends PgTable> = {
  table: Table;
  /** The clause after the values, without parameters. */
  onConflict?: string;
};

/**
 * An insert of whole rows. Its text is made once for each number of rows: Drizzle builds it again for every batch, value by
 * value, which was most of the database layer's CPU time in a turn. The table's columns encode the values. No rows give no
 * statement.
 * @param onConflict the clause after the values, without parameters.
 */
export function prepareInsert<Table extends PgTable>(table: Table, onConflict = "") {
  const insert = prepareInserts<[Table]>({ table, onConflict });
  return (rows: readonly Table["$inferSelect"][]): BatchItem<"pg">[] => insert(rows);
}

/** The same for several tables in one statement. None of the inserts sees the rows of another. */
export function prepareInserts<Tables extends readonly PgTable[]>(
  ...inserts: { [Index in keyof Tables]: Insert<Tables[Index]> }
) {
  const texts = new Map<string, string>();
  const described = inserts.map(({ table, onConflict = "" }: Insert<PgTable>) => ({
    name: getTableName(table),
    columns: Object.entries<Column>(getTableColumns(table)),
    onConflict,
  }));
  return (
    ...rowsOf: { [Index in keyof Tables]: readonly Tables[Index]["$inferSelect"][] }
  ): BatchItem<"pg">[] => {
    const filled = described
      .map((insert, index) => ({ ...insert, rows: rowsOf[index] ?? [] }))
      .filter(({ rows }) => rows.length > 0);
    if (filled.length === 0) return [];
    const key = rowsOf.map(({ length }) => length).join();
    const text = texts.get(key) ?? joinInserts(filled);
    texts.set(key, text);
    const values = filled.flatMap(({ columns, rows }) =>
      rows.flatMap((row) => columns.map(([name, column]) => encode(column, row[name]))),
    );
    return [readyStatement(text, values)];
  };
}

function encode(column: Column, value: unknown): unknown {
  return value === null ? null : column.mapToDriverValue(value);
}

type FilledInsert = {
  name: string;
  columns: readonly (readonly [string, Column])[];
  onConflict: string;
  rows: { length: number };
};

/** All but the last are common table expressions of it. */
function joinInserts(inserts: readonly FilledInsert[]): string {
  let placeholders = 0;
  const texts = inserts.map((insert) => {
    const text = insertText(insert, placeholders);
    placeholders += insert.rows.length * insert.columns.length;
    return text;
  });
  const before = texts.slice(0, -1).map((text, index) => `insert_${index + 1} as (${text})`);
  return `${before.length === 0 ? "" : `with ${before.join(", ")} `}${texts.at(-1)}`;
}

function insertText({ name, columns, onConflict, rows }: FilledInsert, placeholdersBefore: number): string {
  const names = columns.map(([, column]) => `"${column.name}"`).join(", ");
  const placeholdersOf = (row: number) =>
    columns.map((_, index) => `$${placeholdersBefore + row * columns.length + index + 1}`);
  const values = Array.from({ length: rows.length }, (_, row) => `(${placeholdersOf(row).join(", ")})`);
  return `insert into "${name}" (${names}) values ${values.join(", ")} ${onConflict}`.trimEnd();
}
