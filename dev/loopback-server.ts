import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export type LoopbackServer = { origin: string; port: number; stop(): Promise<void> };

/** One request. It must answer or destroy the socket itself; a rejection is answered with a bare 500. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Listens on `host`, which is loopback by default; port 0 takes a free one. A web page gets 403: every request
 * with an `Origin`, and every request whose `Host` is no loopback name.
 * `stop` refuses new requests, gives the running ones `graceMs`, then cuts every connection.
 * Throws an Error with one line when the port cannot be had.
 */
export async function startLoopbackServer(
  handle: Handle,
  { port = 0, host = "127.0.0.1", graceMs = 0 }: { port?: number; host?: string; graceMs?: number } = {},
): Promise<LoopbackServer> {
  const running = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const answered = isFromWebPage(request) ? refuseWebPage(response) : handle(request, response);
    const done = answered
      .catch(() => {
        if (!response.headersSent) response.writeHead(500);
        response.end();
      })
      .finally(() => running.delete(done));
    running.add(done);
  });
  // Node closes idle connections after 5 s; a client that reuses one at that moment sees a reset.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;

  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(whyNotListening(error, host, port))),
    );
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`No TCP address for ${host}:${port}.`);

  return {
    origin: `http://${host}:${address.port}`,
    port: address.port,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await within(graceMs, Promise.all(running));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The whole body, or null when it is longer than `maxBytes` (it is then read to its end and dropped). */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= maxBytes ? Buffer.concat(chunks) : null;
}

/** Waits for `work` to settle, or `ms` to pass, whichever is first; a failure of `work` counts as settled. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  const settled = work.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, timeout]);
  clearTimeout(timer);
}

/**
 * A browser on this machine reaches a loopback port for any page that asks. Such a request names the page as its
 * `Origin`, or, when the page's own name was pointed at 127.0.0.1 (DNS rebinding), that name as its `Host`.
 */
function isFromWebPage({ headers }: IncomingMessage): boolean {
  if (headers.origin !== undefined) return true;
  return !/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(headers.host ?? "");
}

async function refuseWebPage(response: ServerResponse): Promise<void> {
  response.writeHead(403, { Connection: "close" }).end();
}

function whyNotListening(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === "EADDRINUSE") return `Port ${port} on ${host} is in use.`;
  return `Cannot listen on ${host}:${port} (${error.code ?? error.message}).`;
}
