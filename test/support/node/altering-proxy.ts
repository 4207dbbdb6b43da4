import { type LoopbackServer, readBody, startLoopbackServer } from "../../../dev/loopback-server.ts";

/** What was asked, and its answer; what is changed in the answer is what the client sees. */
export type ProxiedExchange = {
  method: string;
  path: string;
  status: number;
  headers: Record<string, string>;
  text: string;
};

const maxBodyBytes = 1024 * 1024;

/** Stands between a client and `target`. `intercept` may answer a request itself; `alter` changes answers. */
export function startAlteringProxy(
  target: string,
  {
    intercept,
    alter,
  }: {
    intercept(request: {
      method: string;
      path: string;
    }): Omit<ProxiedExchange, "method" | "path"> | undefined;
    alter(exchange: ProxiedExchange): void;
  },
): Promise<LoopbackServer> {
  return startLoopbackServer(async (request, response) => {
    const { method = "GET", url: path = "/" } = request;
    const body = await readBody(request, maxBodyBytes);
    const own = intercept({ method, path });
    const exchange = { method, path, ...(own ?? (await forward())) };
    if (own === undefined) alter(exchange);
    response.writeHead(exchange.status, exchange.headers);
    response.end(exchange.text);

    async function forward() {
      const { authorization, accept, "content-type": type, "idempotency-key": key } = request.headers;
      const answer = await fetch(`${target}${path}`, {
        method,
        headers: Object.entries({
          authorization,
          accept,
          "content-type": type,
          "idempotency-key": key,
        }).flatMap(([name, value]): [string, string][] => (typeof value === "string" ? [[name, value]] : [])),
        ...(body === null || body.length === 0 ? {} : { body: new Uint8Array(body) }),
      });
      const {
        "content-length": _,
        "content-encoding": __,
        "transfer-encoding": ___,
        ...headers
      } = Object.fromEntries(answer.headers);
      return { status: answer.status, headers, text: await answer.text() };
    }
  });
}
