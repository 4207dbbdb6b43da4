import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type LoopbackServer, readBody, startLoopbackServer } from "../../../dev/loopback-server.ts";
import { holdToContract, readContract } from "../contract.ts";

export type ValidatingProxy = LoopbackServer & {
  /** What the document says against the answers so far. */
  violations: string[];
  /** Methods and paths of the requests so far. */
  requests: string[];
};

const maxBodyBytes = 1024 * 1024;

/** Headers of one connection, or of a body as it was sent. */
const ofConnection = ["connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length"];

/** Stands between clients and `target`, and holds every answer to the OpenAPI document that `target` serves. */
export async function startValidatingProxy(target: string): Promise<ValidatingProxy> {
  const document = await fetch(`${target}/api/v1/openapi.json`);
  const contract = readContract(await document.json());
  const violations: string[] = [];
  const requests: string[] = [];
  const server = await startLoopbackServer(async (request, response) => {
    const { method = "GET", url = "/" } = request;
    const path = new URL(url, target).pathname;
    requests.push(`${method} ${path}`);
    // Read whole, so that it is sent on with its length.
    const body = await readBody(request, maxBodyBytes);
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const answer = await fetch(target + url, {
      method,
      headers: toHeaders(request.headers),
      signal: gone.signal,
      ...(body === null || body.length === 0 ? {} : { body: new Uint8Array(body) }),
    });
    const held = holdToContract(contract, { method, path }, answer, (found) => violations.push(...found));
    const headers = [...held.headers].filter(([name]) => !ofConnection.includes(name));
    response.writeHead(held.status, Object.fromEntries(headers));
    if (held.body === null) response.end();
    else await pipeline(Readable.fromWeb(held.body as never), response);
  });
  return { ...server, violations, requests };
}

function toHeaders(sent: Record<string, string | string[] | undefined>): [string, string][] {
  return Object.entries(sent).flatMap(([name, value]): [string, string][] =>
    typeof value !== "string" || name === "host" || ofConnection.includes(name) ? [] : [[name, value]],
  );
}
