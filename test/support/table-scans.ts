import { watchDatabase } from "./database-requests.ts";

type Query = { query: string; params?: unknown[] };
type Result = { rows: string[][] };

/** Of a table that is small in a test, Postgres would read all rows although an index leads to the few that are asked for. */
const before = [
  { query: "select set_config('enable_seqscan', 'off', true), set_config('seq_page_cost', '1000000', true)" },
  // The plans of functions, made without these settings.
  { query: "discard plans" },
];
/** Also those of earlier transactions of the connection that it has not reported yet. */
const scansSoFar = { query: "select relname, seq_scan::text from pg_stat_xact_user_tables" };

/**
 * The tables of which `work` reads all rows, each with the first words of the statements of that request. Functions, triggers
 * and foreign keys count too. Postgres scans a table here only where no index can be used.
 */
export async function scannedTables(work: () => Promise<unknown>): Promise<Map<string, string>> {
  const scanned = new Map<string, string>();
  await watchDatabase(work, async (ask, _n, body) => {
    const sent: Query | { queries: Query[] } = JSON.parse(body);
    const queries = "queries" in sent ? sent.queries : [sent];
    const response = await ask(JSON.stringify({ queries: [...before, scansSoFar, ...queries, scansSoFar] }));
    if (!response.ok) return response;
    const { results } = await response.json<{ results: Result[] }>();
    const [earlier, ...answers] = results.slice(before.length);
    const counts = answers.pop();
    const scansBefore = new Map(earlier?.rows.map(([table = "", scans]) => [table, Number(scans)]));
    const statements = queries.map(({ query }) => query.trim().slice(0, 60)).join("; ");
    for (const [table = "", scans] of counts?.rows ?? []) {
      if (Number(scans) > (scansBefore.get(table) ?? 0)) scanned.set(table, statements);
    }
    return Response.json("queries" in sent ? { results: answers } : answers[0]);
  });
  return scanned;
}
