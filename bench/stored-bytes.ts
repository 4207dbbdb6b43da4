import pg from "pg";
import { processCpuMs } from "./process-cpu.ts";
import type { Bench } from "./setup.ts";

/** What a finished run leaves in LangGraph's tables. */
export type KeptCheckpoints = { bytes: number; rows: number };

const tables = ["checkpoints", "checkpoint_blobs", "checkpoint_writes"];

/** For each run, in their order. */
export async function readKeptCheckpoints(
  bench: Bench,
  runIds: readonly string[],
): Promise<KeptCheckpoints[]> {
  const rows = tables.map((table) => `select thread_id, pg_column_size(x.*) as bytes from ${table} x`);
  const { rows: found } = await withClient(bench, (client) =>
    client.query<{ id: string; bytes: number; rows: number }>(
      `select id, coalesce(sum(bytes), 0)::int as bytes, count(bytes)::int as rows
       from unnest($1::text[]) with ordinality as run (id, place)
       left join (${rows.join(" union all ")}) kept on kept.thread_id = run.id
       group by id, place order by place`,
      [runIds],
    ),
  );
  return found.map(({ bytes, rows }) => ({ bytes, rows }));
}

/** Bytes of write-ahead log that the whole server wrote while `work` ran. */
export async function measureWal(bench: Bench, work: () => Promise<unknown>): Promise<number> {
  return withClient(bench, async (client) => {
    const { rows: before } = await client.query<{ at: string }>("select pg_current_wal_insert_lsn() as at");
    await work();
    const { rows: after } = await client.query<{ bytes: string }>(
      "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1) as bytes",
      [before[0]?.at],
    );
    return Number(after[0]?.bytes);
  });
}

/** CPU time of the server's processes for this database while `work` ran, in ms; NaN where they run elsewhere. */
export async function measureServerCpu(bench: Bench, work: () => Promise<unknown>): Promise<number> {
  return withClient(bench, async (client) => {
    const read = async () => {
      const { rows } = await client.query<{ pid: number }>(
        "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
      return new Map(rows.map(({ pid }) => [pid, processCpuMs(pid) ?? Number.NaN]));
    };
    const before = await read();
    await work();
    const after = await read();
    return [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0);
  });
}

async function withClient<T>(bench: Bench, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: bench.connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
