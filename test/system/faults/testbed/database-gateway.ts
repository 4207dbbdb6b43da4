import type { IncomingMessage, ServerResponse } from "node:http";
import { type LoopbackServer, readBody, startLoopbackServer } from "../../../../dev/loopback-server.ts";
import { type RequestKind, requestKindOf } from "./request-kind.ts";

/** What happens to one request, and when. `before`: the database never sees it; `after`: it has done it. */
export type DatabaseFault =
  /** Keeps it, or its answer, until the hold is let go; `sent`: tells that it is under way, and keeps nothing. */
  | { hold: "before" | "sent" | "after" }
  /** The connection breaks instead of an answer. */
  | { lose: "before" | "after" }
  /**
   * It reaches the database once more when the hold is let go, and nobody reads what it did. `copy`: it is answered
   * now as ever; `original`: its connection breaks now, so that whoever sent it takes it for lost.
   */
  | { late: "copy" | "original" }
  /** This status is answered instead. */
  | { status: number; when: "before" | "after" };

export type Trap = {
  kind: RequestKind | "any";
  /** Only requests that speak of this: a session's id. */
  about: string;
  fault: DatabaseFault;
  /** So many such requests pass unharmed first. Default 0. */
  skip?: number;
  /** So many are hit. Default 1. */
  times?: number;
};

export type SetTrap = {
  /** Resolves when the first request is in it. */
  sprung: Promise<void>;
  /** Lets go what it holds; with `dropped`, what was held before the database saw it never gets there. */
  letGo(options: { dropped: boolean }): void;
};

/** Stands between Workers and the Neon endpoint, and hurts the requests it was told to. */
export type DatabaseGateway = {
  /** What NEON_HTTP_ENDPOINT must be. */
  url: string;
  set(trap: Trap): SetTrap;
  /** Resolves once nothing is under way at the database any more. */
  idle(): Promise<void>;
  /** Refuses connections, and breaks those there are, for so long. */
  refuseFor(durationMs: number): Promise<void>;
  stop(): Promise<void>;
};

type ArmedTrap = Trap & {
  left: number;
  toSkip: number;
  spring(): void;
  released: Promise<"go" | "drop">;
  /** Requests that arrive late, in the order in which they were sent. */
  late: (() => void)[];
};

const mostBodyBytes = 32 * 1024 * 1024;

export async function startDatabaseGateway(endpointUrl: string): Promise<DatabaseGateway> {
  const traps = new Set<ArmedTrap>();
  const underWay = new Set<Promise<unknown>>();

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
    underWay.add(settled);
    void settled.then(() => underWay.delete(settled));
    return asked;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await readBody(request, mostBodyBytes)) ?? Buffer.alloc(0);
    const trap = trapFor(traps, body.toString("utf8"));
    const { fault } = trap ?? { fault: undefined };
    if (trap !== undefined && fault !== undefined && "late" in fault) {
      trap.spring();
      trap.late.push(() => void ask(request, body).catch(() => undefined));
      if (fault.late === "original") return void response.destroy();
    }
    const isHit = (when: "before" | "after") => fault !== undefined && whenOf(fault) === when;
    if (isHit("before") && !(await passes(trap, response))) return;
    const asked = ask(request, body);
    if (fault !== undefined && "hold" in fault && fault.hold === "sent") trap?.spring();
    const answer = await asked;
    if (isHit("after") && !(await passes(trap, response))) return;
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  };

  const start = (port: number) => startLoopbackServer(handle, { port });
  let server: LoopbackServer = await start(0);
  const { port, origin } = server;
  return {
    url: `${origin}${new URL(endpointUrl).pathname}`,
    set(trap) {
      const sprung = Promise.withResolvers<void>();
      const released = Promise.withResolvers<"go" | "drop">();
      const { times: left = 1, skip: toSkip = 0 } = trap;
      const late: (() => void)[] = [];
      const armed = { ...trap, left, toSkip, spring: sprung.resolve, released: released.promise, late };
      traps.add(armed);
      return {
        sprung: sprung.promise,
        letGo({ dropped }) {
          traps.delete(armed);
          released.resolve(dropped ? "drop" : "go");
          if (!dropped) for (const arrive of late.splice(0)) arrive();
        },
      };
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
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

/** The first trap that is set for this request; it then counts as met. */
function trapFor(traps: Set<ArmedTrap>, body: string): ArmedTrap | undefined {
  const kind = requestKindOf(body);
  const fitting = [...traps].filter(
    (trap) => (trap.kind === "any" || trap.kind === kind) && body.includes(trap.about),
  );
  const ready = fitting.find((trap) => trap.toSkip === 0 && trap.left > 0);
  for (const trap of fitting) if (trap.toSkip > 0) trap.toSkip -= 1;
  if (ready !== undefined) ready.left -= 1;
  return ready;
}

/** Does to a request what its trap says; true: it goes on from here. */
async function passes(trap: ArmedTrap | undefined, response: ServerResponse): Promise<boolean> {
  if (trap === undefined) return true;
  trap.spring();
  const { fault } = trap;
  if ("hold" in fault) {
    if ((await trap.released) === "go") return true;
    response.destroy();
  } else if ("lose" in fault) response.destroy();
  else if ("status" in fault) response.writeHead(fault.status).end("not today");
  return false;
}
