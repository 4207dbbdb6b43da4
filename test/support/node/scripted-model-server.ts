import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../../../dev/loopback-server.ts";
import { type ModelServer, startModelServer } from "../../../dev/model-server/server.ts";
import { createModelScenario, type ModelScenario } from "./model-scenario.ts";
import type { ModelScript } from "./model-script.ts";

const MAX_SCRIPT_BYTES = 16 * 1024 * 1024;
const WAIT_MS = 10_000;

/**
 * A model server for tests, one scenario per base URL `<url>/s/<id>/v1`, steered over HTTP because tests
 * inside workerd can only fetch. A scenario begins with its first use.
 * - PUT /s/<id>/script: a ModelScript; its counts start at 0, the journal is kept.
 * - GET /s/<id>/journal: JournalEntry[] in order of arrival.
 * - GET /s/<id>/wait?calls=N&settled=M&timeout_ms=: 200 `{calls}` once N have come and M are over, else 408.
 * - POST /s/<id>/release/<gate>: opens a gate for good, also before a call waits for it.
 */
export function startScriptedModelServer({ port = 0 }: { port?: number } = {}): Promise<ModelServer> {
  const scenarios = new Map<string, ModelScenario>();
  const scenarioOf = (id: string): ModelScenario => {
    const known = scenarios.get(id);
    if (known) return known;
    const scenario = createModelScenario();
    scenarios.set(id, scenario);
    return scenario;
  };
  return startModelServer({
    port,
    respond: (call, response) => scenarioOf(scenarioIdOf(call.basePath)).answer(call, response),
    control: (request, response) => steer(scenarioOf, request, response),
  });
}

function scenarioIdOf(path: string): string {
  return /^\/s\/([^/]+)/.exec(path)?.[1] ?? "default";
}

async function steer(
  scenarioOf: (id: string) => ModelScenario,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const [, id = "", verb = "", name = ""] = /^\/s\/([^/]+)\/(\w+)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  const body = await readBody(request, MAX_SCRIPT_BYTES);
  if (id === "") return reply(response, 404, { error: `no ${url.pathname} here` });
  const scenario = scenarioOf(id);
  switch (`${request.method} ${verb}`) {
    case "PUT script": {
      const script: ModelScript = JSON.parse(body?.toString("utf8") ?? "");
      scenario.follow(script);
      return reply(response, 200, {});
    }
    case "GET journal":
      return reply(response, 200, scenario.journal.entries);
    case "GET wait": {
      const number = (key: string, otherwise: number) => Number(url.searchParams.get(key) ?? otherwise);
      const wanted = { calls: number("calls", 0), settled: number("settled", 0) };
      const met = await scenario.journal.waitFor({ ...wanted, timeoutMs: number("timeout_ms", WAIT_MS) });
      return reply(response, met ? 200 : 408, { calls: scenario.journal.entries.length });
    }
    case "POST release":
      scenario.release(name);
      return reply(response, 200, {});
    default:
      return reply(response, 404, { error: `no ${request.method} ${url.pathname} here` });
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}
