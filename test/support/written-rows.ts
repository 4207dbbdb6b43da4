import { connectSql } from "./sql.ts";

/** The id of a transaction that begins now. Rows that are written later have this one or a later one. */
export async function nextTransaction(): Promise<string> {
  const [row] = await connectSql()`select pg_snapshot_xmax(pg_current_snapshot())::text as id`;
  return row?.id;
}

/**
 * The tables in which a row that was written since a transaction holds the text, as it is or as bytes. Other tests write
 * megabytes into the same database, which would be searched for minutes.
 */
export async function tablesHolding(text: string, { since }: { since: string }): Promise<string[]> {
  const sql = connectSql();
  const tables = await sql`select table_name as name from information_schema.tables
    where table_schema = 'public' order by table_name`;
  const hex = [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await sql.query(
      `select 1 from "${name}" t where case when age(xmin) <= age($3::xid)
        then strpos(to_jsonb(t)::text, $1) > 0 or strpos(to_jsonb(t)::text, $2) > 0 end limit 1`,
      [text, hex, since],
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}
