import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../../../dev/loopback-server.ts";
import type { ChatCall } from "../../../dev/model-server/chat-call.ts";
import { completionOf } from "../../../dev/model-server/completion.ts";
import { sendAnswer } from "../../../dev/model-server/send-answer.ts";
import { type ModelServer, startModelServer } from "../../../dev/model-server/server.ts";
import { ModelJournal } from "./model-journal.ts";
import { followScript, type ModelScript } from "./model-script.ts";

const MAX_SCRIPT_BYTES = 16 * 1024 * 1024;
const WAIT_MS = 10_000;

type Scenario = {
  journal: ModelJournal;
  answerTo: ReturnType<typeof followScript>;
  gates: Map<string, Gate>;
};
type Gate = { open: Promise<void>; release(): void };

/**
 * A model server for tests, one scenario per base URL `<url>/s/<id>/v1`, steered over HTTP because tests
 * inside workerd can only fetch. A scenario begins with its first use.
 * - PUT /s/<id>/script: a ModelScript; its counts start anew, the journal goes on.
 * - GET /s/<id>/journal: JournalEntry[] in order of arrival.
 * - GET /s/<id>/wait?calls=N&settled=M&timeout_ms=: 200 `{calls}` once N have come and M are over, else 408.
 * - POST /s/<id>/release/<gate>: opens a gate for good, also before a call waits for it.
 */
export function startScriptedModelServer({ port = 0 }: { port?: number } = {}): Promise<ModelServer> {
  const scenarios = new Map<string, Scenario>();
  const scenarioOf = (id: string): Scenario => {
    const known = scenarios.get(id);
    if (known) return known;
    const scenario = { journal: new ModelJournal(), answerTo: followScript({}), gates: new Map() };
    scenarios.set(id, scenario);
    return scenario;
  };
  return startModelServer({
    port,
    respond: (call, response) => answerFrom(scenarioOf(scenarioIdOf(call.basePath)), call, response),
    control: (request, response) => steer(scenarioOf, request, response),
  });
}

function scenarioIdOf(path: string): string {
  return /^\/s\/([^/]+)/.exec(path)?.[1] ?? "default";
}

async function answerFrom({ journal, answerTo, gates }: Scenario, call: ChatCall, response: ServerResponse) {
  const entry = journal.arrive(call);
  const answer = answerTo(call);
  const completion = completionOf(call, answer);
  entry.usage = (answer.status ?? 200) < 400 && answer.body === undefined ? completion.usage : null;
  let finished = false;
  try {
    const waitForGate = (name: string) => gateOf(gates, name).open;
    finished = await sendAnswer({ response, call, answer, completion, waitForGate });
  } finally {
    const client_closed = !finished && call.clientClosed.aborted;
    journal.settle(entry, {
      status: response.headersSent ? response.statusCode : null,
      finished,
      client_closed,
    });
  }
}

function gateOf(gates: Scenario["gates"], name: string): Gate {
  const known = gates.get(name);
  if (known) return known;
  const { promise, resolve } = Promise.withResolvers<void>();
  const gate = { open: promise, release: resolve };
  gates.set(name, gate);
  return gate;
}

async function steer(
  scenarioOf: (id: string) => Scenario,
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
      scenario.answerTo = followScript(script);
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
      gateOf(scenario.gates, name).release();
      return reply(response, 200, {});
    default:
      return reply(response, 404, { error: `no ${request.method} ${url.pathname} here` });
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}
