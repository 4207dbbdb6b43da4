import type { IncomingMessage, ServerResponse } from "node:http";
import pg from "pg";
import { readBody, startLoopbackServer, within } from "./loopback-server.ts";
import { executeRequest } from "./neon/execute.ts";
import { Refusal, refusalOf } from "./neon/refusal.ts";
import { type NeonRequest, parseNeonRequest } from "./neon/request.ts";

/** Neon's limit, for a request as for an answer. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

const STOP_GRACE_MS = 2_000;

/** One request that Postgres answered, as a measurement sees it. */
export type NeonExchange = { statements: number; requestBytes: number; answerBytes: number };

export type NeonEndpoint = {
  /** What `neonConfig.fetchEndpoint` must point at: http://host:port/sql */
  url: string;
  stop(): Promise<void>;
};

/**
 * Neon's HTTP SQL endpoint over any Postgres, so that the real driver runs unchanged on a laptop.
 * One database only: the `Neon-Connection-String` header must be there, and is not looked at.
 * A client that goes away changes nothing; its batch runs to its end.
 */
export async function startNeonEndpoint({
  connectionString,
  port = 0,
  host = "127.0.0.1",
  maxConnections = 20,
  onExchange = () => undefined,
}: {
  connectionString: string;
  port?: number;
  host?: string;
  maxConnections?: number;
  /** Told of each exchange before its answer leaves. */
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
  // An idle connection may be closed by Postgres; the pool has already dropped it by then.
  pool.on("error", () => undefined);

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const body = await readSqlBody(request);
      const asked = parseNeonRequest(request.headers, body);
      const text = await executeRequest(pool, asked, MAX_BODY_BYTES);
      const sizes = { requestBytes: body.length, answerBytes: Buffer.byteLength(text) };
      onExchange({ statements: countStatements(asked), ...sizes });
      answer(response, 200, text);
    } catch (error) {
      const { status, body } = refusalOf(error);
      if (status === 405) response.setHeader("Allow", "POST");
      answer(response, status, JSON.stringify(body));
    }
  };

  const server = await startLoopbackServer(handle, { port, host, graceMs: STOP_GRACE_MS });
  return {
    url: `${server.origin}/sql`,
    async stop() {
      await server.stop();
      await within(STOP_GRACE_MS, pool.end());
    },
  };
}

async function readSqlBody(request: IncomingMessage): Promise<Buffer> {
  const body = await readBody(request, MAX_BODY_BYTES);
  if (request.url?.split("?")[0] !== "/sql") throw new Refusal(404, "not found");
  if (request.method !== "POST") throw new Refusal(405, "use POST");
  if (body === null) throw new Refusal(413, `request is too large (max is ${MAX_BODY_BYTES} bytes)`);
  return body;
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
