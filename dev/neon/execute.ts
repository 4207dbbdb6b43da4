import type { Pool, PoolClient, QueryConfig, QueryResult } from "pg";
import { Refusal, refusalOf } from "./refusal.ts";
import type { NeonRequest, Statement } from "./request.ts";

/** pg knows these, its published types do not yet. */
type ExtendedQuery = QueryConfig & { queryMode: "extended"; rowMode?: "array" };
type StatusClient = PoolClient & { getTransactionStatus(): string | null };

/**
 * Runs one request and gives the JSON text of its answer. A batch is one transaction; whatever
 * fails, it is rolled back, and a connection that is not idle afterwards is closed, never reused.
 * Throws a Refusal: 400 Postgres' error, 500 no connection, 507 answer over `maxAnswerBytes`.
 */
export async function executeRequest(
  pool: Pool,
  request: NeonRequest,
  maxAnswerBytes: number,
): Promise<string> {
  const client = await pool.connect().catch((error: unknown) => {
    throw new Refusal(500, `cannot connect to the database: ${reasonOf(error)}`);
  });
  try {
    return request.kind === "single"
      ? await runSingle(client, request.statement, request.rawText, maxAnswerBytes)
      : await runBatch(client, request, maxAnswerBytes);
  } catch (error) {
    throw refusalOf(error);
  } finally {
    client.release((client as StatusClient).getTransactionStatus() !== "I");
  }
}

async function runSingle(client: PoolClient, statement: Statement, rawText: boolean, maxAnswerBytes: number) {
  const result = await client.query(queryOf(statement, rawText));
  return answerText(answerOf(result, statement), maxAnswerBytes);
}

// The pool pipelines: BEGIN and every statement leave in one go, so a batch costs two round trips,
// not one per statement. After a failure Postgres refuses the rest, and the first error is the reason.
async function runBatch(
  client: PoolClient,
  { begin, statements, rawText }: Extract<NeonRequest, { kind: "batch" }>,
  maxAnswerBytes: number,
): Promise<string> {
  const begun = client.query(begin);
  const sent = statements.map((statement) => client.query(queryOf(statement, rawText)));
  try {
    const settled = await Promise.allSettled([begun, ...sent]);
    for (const outcome of settled) if (outcome.status === "rejected") throw outcome.reason;
    const results = await Promise.all(sent);
    const answers = results.map((result, index) => answerOf(result, statements[index]));
    const text = answerText({ results: answers }, maxAnswerBytes);
    await client.query("COMMIT");
    return text;
  } catch (error) {
    // A lost connection cannot be rolled back from here: Postgres does it, and release() drops it.
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

// The extended protocol, even without parameters: it alone refuses several statements in one text.
function queryOf({ text, params, arrayMode }: Statement, rawText: boolean): ExtendedQuery {
  const query: ExtendedQuery = {
    text,
    values: params,
    queryMode: "extended",
    types: { getTypeParser: (typeId: number) => (rawText ? asText : parserOf(typeId)) },
  };
  return arrayMode ? { ...query, rowMode: "array" } : query;
}

function answerOf(result: QueryResult, statement: Statement | undefined) {
  return {
    command: result.command ?? "",
    rowCount: result.rowCount,
    fields: result.fields,
    rows: result.rows,
    rowAsArray: statement?.arrayMode ?? false,
  };
}

function answerText(answer: unknown, maxAnswerBytes: number): string {
  const text = JSON.stringify(answer);
  if (Buffer.byteLength(text) <= maxAnswerBytes) return text;
  throw new Refusal(507, `response is too large (max is ${maxAnswerBytes} bytes)`);
}

const asText = (value: string) => value;

/** Without raw output Neon gives these types as JSON; arrays of them stay text here. */
const jsonTypes = new Map<number, (value: string) => unknown>([
  [16, (value) => value === "t"],
  ...[21, 23, 700, 701].map((typeId) => [typeId, Number] as const),
  ...[114, 3802].map((typeId) => [typeId, JSON.parse] as const),
]);

function parserOf(typeId: number): (value: string) => unknown {
  return jsonTypes.get(typeId) ?? asText;
}

/** What went wrong on the way to Postgres; a refused dual-stack address has a code and no message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown failure";
  if (error.message !== "") return error.message;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
