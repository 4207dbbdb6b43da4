import pg from "pg";

/** By table. */
type Counts = ReadonlyMap<string, number>;

/** A backend without work reports its counts after this time. */
export const statisticsMs = 11_000;

async function ask(connectionString: string, statement: string): Promise<Counts> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; count: string }>(statement);
    return new Map(rows.map(({ name, count }) => [name, Number(count)]));
  } finally {
    await client.end();
  }
}

/** Rows that were read by scans of whole tables so far. */
export function readScannedRows(connectionString: string): Promise<Counts> {
  return ask(connectionString, "select relname as name, seq_tup_read as count from pg_stat_user_tables");
}

/** Bytes of tables with their indexes. */
export function readTableBytes(connectionString: string): Promise<Counts> {
  return ask(
    connectionString,
    "select relname as name, pg_total_relation_size(relid) as count from pg_stat_user_tables",
  );
}

/** By how much each table has grown, most first; tables that have not are left out. */
export function growthOf(before: Counts, after: Counts): [table: string, count: number][] {
  return [...after]
    .map(([name, count]): [string, number] => [name, count - (before.get(name) ?? 0)])
    .filter(([, count]) => count > 0)
    .toSorted(([, one], [, other]) => other - one);
}

export function sumOf(counts: readonly (readonly [string, number])[]): number {
  return counts.reduce((sum, [, count]) => sum + count, 0);
}
