import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { readBody } from "../../../dev/loopback-server.ts";
import {
  type SearchCall,
  type SearchServer,
  searchBody,
  sendJson,
  startSearchServer,
  type TavilyResult,
} from "../../../dev/search-server/server.ts";

const MAX_SCRIPT_BYTES = 16 * 1024 * 1024;

/** How one search is answered, faults included; plain JSON. Default: 200 with one result about the query. */
export type SearchAnswer = {
  results?: TavilyResult[];
  /** Default 200. A redirect is a status and a `Location` header. */
  status?: number;
  headers?: Record<string, string>;
  /** Sent instead of results: a string as it is, anything else as JSON. */
  body?: unknown;
  /** Before the headers. */
  delay_ms?: number;
  /** Never goes on, until the client ends. */
  hang?: "before_headers" | "after_headers";
  /** Destroys the connection, before the headers or in the middle of the body. */
  cut?: "before_headers" | "in_body";
  /** So many bytes of blanks stand before the body. */
  padding_bytes?: number;
};

/** The nth search gets the nth answer; those after the last get `default`. */
export type SearchScript = { answers?: SearchAnswer[]; default?: SearchAnswer };

/** One search as it came, and how its answer ended. */
export type SearchJournalEntry = {
  /** From 1, in order of arrival. */
  n: number;
  query: string;
  authorization: string | null;
  body: Record<string, unknown>;
  /** Null: no headers were sent. */
  status: number | null;
  /** The answer is over, whichever side ended it. */
  settled: boolean;
  /** It was sent to its end. */
  finished: boolean;
};

type Scenario = { journal: SearchJournalEntry[]; script: SearchScript; scriptedFrom: number };

/**
 * A search server for tests, one scenario per base URL `<url>/s/<id>`, steered over HTTP. A scenario begins
 * with its first use.
 * - PUT /s/<id>/script: a SearchScript; its count starts anew, the journal goes on.
 * - GET /s/<id>/journal: SearchJournalEntry[].
 */
export function startScriptedSearchServer({ port = 0 }: { port?: number } = {}): Promise<SearchServer> {
  const scenarios = new Map<string, Scenario>();
  const scenarioOf = (path: string): Scenario => {
    const id = /^\/s\/([^/]+)/.exec(path)?.[1] ?? "default";
    const scenario = scenarios.get(id) ?? { journal: [], script: {}, scriptedFrom: 0 };
    scenarios.set(id, scenario);
    return scenario;
  };
  return startSearchServer({
    port,
    answer: (call, response) => play(scenarioOf(call.basePath), call, response),
    control: (request, response) => steer(scenarioOf(request.url ?? "/"), request, response),
  });
}

async function play(scenario: Scenario, call: SearchCall, response: ServerResponse): Promise<void> {
  const { query, authorization, body } = call;
  const n = scenario.journal.length + 1;
  const entry = { n, query, authorization, body, status: null, settled: false, finished: false };
  scenario.journal.push(entry);
  const { answers = [], default: otherwise = {} } = scenario.script;
  try {
    await send(answers[n - scenario.scriptedFrom - 1] ?? otherwise, query, response);
  } finally {
    const status = response.headersSent ? response.statusCode : null;
    Object.assign(entry, { status, settled: true, finished: response.writableFinished });
  }
}

async function send(answer: SearchAnswer, query: string, response: ServerResponse): Promise<void> {
  const closed = once(response, "close");
  if (answer.delay_ms) await Promise.race([delay(answer.delay_ms), closed]);
  if (answer.hang === "before_headers") await closed;
  else if (answer.cut === "before_headers") response.destroy();
  else {
    response.writeHead(answer.status ?? 200, { "Content-Type": "application/json", ...answer.headers });
    response.flushHeaders();
    if (answer.hang === undefined) sendBody(answer, query, response);
  }
  await closed;
}

function sendBody(answer: SearchAnswer, query: string, response: ServerResponse): void {
  const about = { title: `About ${query}`, url: "https://example.com/found", content: `All of ${query}.` };
  const body = answer.body ?? searchBody(query, answer.results ?? [about]);
  const text =
    " ".repeat(answer.padding_bytes ?? 0) + (typeof body === "string" ? body : JSON.stringify(body));
  if (answer.cut === undefined) response.end(text);
  else response.write(text.slice(0, text.length / 2), () => response.destroy());
}

async function steer(scenario: Scenario, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "/";
  if (request.method === "PUT" && path.endsWith("/script")) {
    const bytes = await readBody(request, MAX_SCRIPT_BYTES);
    scenario.script = JSON.parse(bytes?.toString("utf8") ?? "");
    scenario.scriptedFrom = scenario.journal.length;
    return sendJson(response, 200, {});
  }
  if (request.method === "GET" && path.endsWith("/journal")) return sendJson(response, 200, scenario.journal);
  return sendJson(response, 404, { error: `no ${request.method} ${path} here` });
}
