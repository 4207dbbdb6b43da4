import type { IncomingMessage, ServerResponse } from "node:http";
import pg from "pg";
import { readBody, startLoopbackServer, within } from "./loopback-server.ts";
import { executeRequest } from "./neon/execute.ts";
import { Refusal, refusalOf } from "./neon/refusal.ts";
import { parseNeonRequest } from "./neon/request.ts";

/** Neon's limit, for a request as for an answer. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

const STOP_GRACE_MS = 2_000;

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
}: {
  connectionString: string;
  port?: number;
  host?: string;
  maxConnections?: number;
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
      answer(response, 200, await runSql(pool, request));
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

async function runSql(pool: pg.Pool, request: IncomingMessage): Promise<string> {
  const body = await readBody(request, MAX_BODY_BYTES);
  if (request.url?.split("?")[0] !== "/sql") throw new Refusal(404, "not found");
  if (request.method !== "POST") throw new Refusal(405, "use POST");
  if (body === null) throw new Refusal(413, `request is too large (max is ${MAX_BODY_BYTES} bytes)`);
  return executeRequest(pool, parseNeonRequest(request.headers, body), MAX_BODY_BYTES);
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}
