import type { IncomingMessage, ServerResponse } from "node:http";
import { type Handle, readBody, startLoopbackServer } from "../loopback-server.ts";
import { asRecord } from "../model-server/chat-call.ts";

const maxRequestBytes = 1024 * 1024;
const searchPath = "/search";

/** One search as Tavily takes it, read leniently: what is missing or odd becomes empty. */
export type SearchCall = {
  /** The path in front of `/search`. */
  basePath: string;
  authorization: string | null;
  query: string;
  body: Record<string, unknown>;
};

/** One result in Tavily's words. */
export type TavilyResult = { title: string; url: string; content: string };

/** Answers one search, or leaves it open. */
export type AnswerSearch = (call: SearchCall, response: ServerResponse) => Promise<unknown>;

export type SearchServer = { url: string; stop(): Promise<void> };

/**
 * A server of Tavily's search on loopback: POST to any path that ends in `/search`. Other requests go to
 * `control`, or are 404. `url` is the origin.
 */
export async function startSearchServer({
  answer,
  control,
  port = 0,
}: {
  answer: AnswerSearch;
  control?: Handle;
  port?: number;
}): Promise<SearchServer> {
  const handle: Handle = async (request, response) => {
    const path = request.url?.split("?")[0] ?? "";
    if (request.method === "POST" && path.endsWith(searchPath)) {
      await answer(await readSearchCall(request, path.slice(0, -searchPath.length)), response);
    } else if (control) {
      await control(request, response);
    } else {
      sendJson(response, 404, { detail: { error: "not found" } });
    }
  };
  const server = await startLoopbackServer(handle, { port });
  return { url: server.origin, stop: server.stop };
}

/** The body of a search that found something, as Tavily sends it. */
export function searchBody(query: string, results: readonly TavilyResult[]) {
  return {
    query,
    follow_up_questions: null,
    answer: null,
    images: [],
    results: results.map((result, index) => ({ ...result, score: 0.9 - index / 10, raw_content: null })),
    response_time: 0.01,
  };
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}

async function readSearchCall(request: IncomingMessage, basePath: string): Promise<SearchCall> {
  const bytes = await readBody(request, maxRequestBytes);
  const body = parseRecord(bytes?.toString("utf8") ?? "");
  return {
    basePath,
    authorization: request.headers.authorization ?? null,
    query: typeof body.query === "string" ? body.query : "",
    body,
  };
}

function parseRecord(text: string): Record<string, unknown> {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return {};
  }
}
