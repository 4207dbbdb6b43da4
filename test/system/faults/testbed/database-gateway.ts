import type { IncomingMessage, ServerResponse } from "node:http";
import { type LoopbackServer, readBody, startLoopbackServer } from "../../../../dev/loopback-server.ts";
import { type RequestKind, requestKindOf } from "./request-kind.ts";

/** A fault of one request. `before`: the database does not see the request. `after`: it has executed it. */
export type DatabaseFault =
  /** Holds the request or its answer until it is released. `sent` holds nothing, but reports that it was sent. */
  | { hold: "before" | "sent" | "after" }
  /** The connection breaks instead of an answer. */
  | { lose: "before" | "after" }
  /**
   * The request reaches the database once more when it is released, and nobody reads the answer. `copy`: it is
   * answered now as usual. `original`: its connection breaks now, so that its sender takes it for lost.
   */
  | { late: "copy" | "original" }
  /** This status is answered instead. */
  | { status: number; when: "before" | "after" };

export type FaultRule = {
  kind: RequestKind | "any";
  /** Only requests that contain this text: a session's id. */
  about: string;
  fault: DatabaseFault;
  /** This many matching requests pass first. Default 0. */
  skip?: number;
  /** This many are affected. Default 1. */
  times?: number;
};

export type InjectedFault = {
  /** Resolves when the first request is affected. */
  triggered: Promise<void>;
  /** Releases what is held. With `dropped`, a request held before the database never reaches it. */
  release(options: { dropped: boolean }): void;
};

/** A proxy between Workers and the Neon endpoint that injects faults. */
export type DatabaseGateway = {
  /** What NEON_HTTP_ENDPOINT must be. */
  url: string;
  inject(rule: FaultRule): InjectedFault;
  /** Resolves once no request is in flight at the database. */
  idle(): Promise<void>;
  /** Breaks all connections and refuses new ones for this time. */
  refuseFor(durationMs: number): Promise<void>;
  stop(): Promise<void>;
};

type ActiveFault = FaultRule & {
  left: number;
  toSkip: number;
  trigger(): void;
  released: Promise<"go" | "drop">;
  /** Sends a request that is late; in the order in which they came. */
  late: (() => void)[];
};

const maxBodyBytes = 32 * 1024 * 1024;

export async function startDatabaseGateway(endpointUrl: string): Promise<DatabaseGateway> {
  const faults = new Set<ActiveFault>();
  const inFlight = new Set<Promise<unknown>>();

  const ask = (request: IncomingMessage, body: Buffer): Promise<Response> => {
    const asked = fetch(new URL(request.url ?? "/", endpointUrl), {
      method: "POST",
      headers: Object.entries(request.headers)
        .filter(([name]) => name.startsWith("neon-"))
        .map(([name, value]): [string, string] => [name, String(value)]),
      body: new Uint8Array(body),
    }).then(async (response) => new Response(await response.arrayBuffer(), response));
    const settled = asked.then(
      () => undefined,
      () => undefined,
    );
    inFlight.add(settled);
    void settled.then(() => inFlight.delete(settled));
    return asked;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await readBody(request, maxBodyBytes)) ?? Buffer.alloc(0);
    const rule = findFault(faults, body.toString("utf8"));
    const { fault } = rule ?? { fault: undefined };
    if (rule !== undefined && fault !== undefined && "late" in fault) {
      rule.trigger();
      rule.late.push(() => void ask(request, body).catch(() => undefined));
      if (fault.late === "original") return void response.destroy();
    }
    const isHit = (when: "before" | "after") => fault !== undefined && whenOf(fault) === when;
    if (isHit("before") && !(await passes(rule, response))) return;
    const asked = ask(request, body);
    if (fault !== undefined && "hold" in fault && fault.hold === "sent") rule?.trigger();
    const answer = await asked;
    if (isHit("after") && !(await passes(rule, response))) return;
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  };

  const start = (port: number) => startLoopbackServer(handle, { port });
  let server: LoopbackServer = await start(0);
  const { port, origin } = server;
  return {
    url: `${origin}${new URL(endpointUrl).pathname}`,
    inject(rule) {
      const triggered = Promise.withResolvers<void>();
      const released = Promise.withResolvers<"go" | "drop">();
      const { times: left = 1, skip: toSkip = 0 } = rule;
      const active: ActiveFault = {
        ...rule,
        left,
        toSkip,
        trigger: triggered.resolve,
        released: released.promise,
        late: [],
      };
      faults.add(active);
      return {
        triggered: triggered.promise,
        release({ dropped }) {
          faults.delete(active);
          released.resolve(dropped ? "drop" : "go");
          if (!dropped) for (const send of active.late.splice(0)) send();
        },
      };
    },
    async idle() {
      while (inFlight.size > 0) await Promise.all(inFlight);
    },
    async refuseFor(durationMs) {
      await server.stop();
      await new Promise((resolve) => setTimeout(resolve, durationMs));
      server = await start(port);
    },
    stop: () => server.stop(),
  };
}

function whenOf(fault: DatabaseFault): "before" | "sent" | "after" | null {
  if ("hold" in fault) return fault.hold;
  if ("lose" in fault) return fault.lose;
  return "late" in fault ? null : fault.when;
}

/** The first rule that applies to this request. It counts as used. */
function findFault(faults: Set<ActiveFault>, body: string): ActiveFault | undefined {
  const kind = requestKindOf(body);
  const fitting = [...faults].filter(
    (rule) => (rule.kind === "any" || rule.kind === kind) && body.includes(rule.about),
  );
  const ready = fitting.find((rule) => rule.toSkip === 0 && rule.left > 0);
  for (const rule of fitting) if (rule.toSkip > 0) rule.toSkip -= 1;
  if (ready !== undefined) ready.left -= 1;
  return ready;
}

/** Applies a rule to a request. Returns true where the request continues. */
async function passes(rule: ActiveFault | undefined, response: ServerResponse): Promise<boolean> {
  if (rule === undefined) return true;
  rule.trigger();
  const { fault } = rule;
  if ("hold" in fault) {
    if ((await rule.released) === "go") return true;
    response.destroy();
  } else if ("lose" in fault) response.destroy();
  else if ("status" in fault) response.writeHead(fault.status).end("injected");
  return false;
}
