import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import pg from "pg";
import { readBody, startLoopbackServer, within } from "./loopback-server.ts";
import { executeRequest } from "./neon/execute.ts";
import { Refusal, refusalOf } from "./neon/refusal.ts";
import { type NeonRequest, parseNeonRequest } from "./neon/request.ts";

/** Neon's limit, for a request as for an answer. */
export const maxBodyBytes = 10 * 1024 * 1024;

const stopGraceMs = 1_000;
const secretBytes = 24;

/** One request that Postgres answered, as a measurement sees it. */
export type NeonExchange = { statements: number; requestBytes: number; answerBytes: number };

export type NeonEndpoint = {
  /** What `neonConfig.fetchEndpoint` must point at: http://127.0.0.1:port/sql/secret. Anyone who has it can run any SQL. */
  url: string;
  stop(): Promise<void>;
};

/**
 * Neon's HTTP SQL endpoint over any Postgres, so that the real driver runs unchanged on a laptop.
 * One database only: the `Neon-Connection-String` header must be there, and is not looked at. What a caller
 * must know instead is the path, which is random.
 * A client that goes away changes nothing; its batch runs to its end.
 */
export async function startNeonEndpoint({
  connectionString,
  port = 0,
  maxConnections = 20,
  onExchange = () => undefined,
}: {
  connectionString: string;
  port?: number;
  maxConnections?: number;
  /** Called with each exchange before its answer is sent. */
  onExchange?: (exchange: NeonExchange) => void;
}): Promise<NeonEndpoint> {
  // `pipeline` is newer than pg's published types.
  const options: pg.PoolConfig & { pipeline: boolean } = {
    connectionString,
    max: maxConnections,
    idleTimeoutMillis: 0,
    pipeline: true,
  };
  const pool = new pg.Pool(options);
  // Postgres may close a connection at any time. Its query fails, and the pool drops it: that is all.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const busy = new Set<pg.PoolClient>();
  pool.on("acquire", (client) => busy.add(client));
  pool.on("release", (_error, client) => busy.delete(client));

  const path = `/sql/${randomBytes(secretBytes).toString("base64url")}`;
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const body = await readSqlBody(request, path);
      const asked = parseNeonRequest(request.headers, body);
      const text = await executeRequest(pool, asked, maxBodyBytes);
      const sizes = { requestBytes: body.length, answerBytes: Buffer.byteLength(text) };
      onExchange({ statements: countStatements(asked), ...sizes });
      answer(response, 200, text);
    } catch (error) {
      const { status, body } = refusalOf(error);
      if (status === 405) response.setHeader("Allow", "POST");
      answer(response, status, JSON.stringify(body));
    }
  };

  const server = await startLoopbackServer(handle, { port, graceMs: stopGraceMs });
  return {
    url: `${server.origin}${path}`,
    async stop() {
      await server.stop();
      if (busy.size > 0) await within(stopGraceMs, endSessions(connectionString, [...busy]));
      await within(stopGraceMs, pool.end());
    },
  };
}

async function readSqlBody(request: IncomingMessage, path: string): Promise<Buffer> {
  const body = await readBody(request, maxBodyBytes);
  if (!isSame(request.url?.split("?")[0] ?? "", path)) throw new Refusal(404, "not found");
  if (request.method !== "POST") throw new Refusal(405, "use POST");
  if (body === null) throw new Refusal(413, `request is too large (max is ${maxBodyBytes} bytes)`);
  return body;
}

/** Ends statements that outlived their caller: Postgres goes on with one whose connection is merely closed. */
async function endSessions(connectionString: string, clients: readonly pg.PoolClient[]): Promise<void> {
  // `processID` is missing in pg's published types.
  const ids = clients.map((client) => ("processID" in client ? client.processID : null));
  const client = new pg.Client({ connectionString });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select pg_terminate_backend(id) from unnest($1::int[]) as id", [ids]);
  } finally {
    await client.end();
  }
}

/** Takes as long for a text that differs at its end as for one that differs at once. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function countStatements(request: NeonRequest): number {
  return request.kind === "batch" ? request.statements.length : 1;
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}
