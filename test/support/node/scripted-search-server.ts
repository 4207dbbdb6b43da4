import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { readBody } from "../../../dev/loopback-server.ts";
import {
  type SearchCall,
  type SearchServer,
  searchBody,
  sendJson,
  startSearchServer,
} from "../../../dev/search-server/server.ts";
import type { SearchAnswer, SearchJournalEntry, SearchScript } from "./search-script.ts";

const MAX_SCRIPT_BYTES = 16 * 1024 * 1024;

type Scenario = { journal: SearchJournalEntry[]; script: SearchScript; scriptedFrom: number };

/**
 * A search server for tests, one scenario per base URL `<url>/s/<id>`, steered over HTTP. A scenario begins
 * with its first use.
 * - PUT /s/<id>/script: a SearchScript; its count starts at 0, the journal is kept.
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
  const path = `${call.basePath}/search`;
  const n = scenario.journal.length + 1;
  const entry = { n, path, query, authorization, body, status: null, settled: false, finished: false };
  scenario.journal.push(entry);
  const { answers = [], default: otherwise = {} } = scenario.script;
  const closed = new AbortController();
  response.once("close", () => {
    closed.abort();
    Object.assign(entry, { status: response.headersSent ? response.statusCode : null, settled: true });
  });
  const answer = answers[n - scenario.scriptedFrom - 1] ?? otherwise;
  entry.finished = await send(answer, query, response, closed.signal);
}

/** Gives true when the answer was sent to its end. */
async function send(answer: SearchAnswer, query: string, response: ServerResponse, closed: AbortSignal) {
  if (answer.delay_ms) await delay(answer.delay_ms, undefined, { signal: closed }).catch(() => undefined);
  if (closed.aborted || answer.hang === "before_headers") return false;
  if (answer.cut !== "before_headers") {
    response.writeHead(answer.status ?? 200, { "Content-Type": "application/json", ...answer.headers });
    response.flushHeaders();
    if (answer.hang !== undefined) return false;
    const text = bodyOf(answer, query);
    const isWhole = answer.cut === undefined;
    const isSent = await write(response, isWhole ? text : text.slice(0, text.length / 2));
    if (isWhole && isSent) {
      response.end();
      return true;
    }
  }
  response.destroy();
  return false;
}

function bodyOf({ body, results, padding_bytes = 0 }: SearchAnswer, query: string): string {
  const about = { title: `About ${query}`, url: "https://example.com/found", content: `All of ${query}.` };
  const answer = body ?? searchBody(query, results ?? [about]);
  return " ".repeat(padding_bytes) + (typeof answer === "string" ? answer : JSON.stringify(answer));
}

/** True once the kernel has the text; false where the client went away. `finish` would not tell the two apart. */
function write(response: ServerResponse, text: string): Promise<boolean> {
  return new Promise((resolve) => response.write(text, (error) => resolve(!error)));
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
