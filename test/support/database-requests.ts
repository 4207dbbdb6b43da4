import { AsyncLocalStorage } from "node:async_hooks";
import { neonConfig } from "@neondatabase/serverless";
import { until } from "./until.ts";

export type DatabaseRequest = {
  /** From 1. */
  n: number;
  /** Bytes of the answer's body. */
  answerBytes: number;
};

/** Asks the database; with another body than the driver sent, where one is given. */
type Ask = (body?: string) => Promise<Response>;

/**
 * Watches what `work` asks of the database, and nothing that other tests left to do behind their answers.
 * `answer` may come between: it asks for the real answer, or does not, and gives what the driver is to see instead.
 */
export async function watchDatabase<T>(
  work: () => Promise<T>,
  answer: (ask: Ask, n: number, body: string) => Promise<Response> = (ask) => ask(),
): Promise<{ result: T; requests: DatabaseRequest[] }> {
  const requests: DatabaseRequest[] = [];
  let isOver = false;
  const watch: Watch = async (ask, body) => {
    if (isOver) return ask();
    // Renewals of a lease come beside everything else: they are no requests of the turn's order.
    if (isRenewal(body)) return answer(ask, 0, body);
    const request: DatabaseRequest = { n: requests.length + 1, answerBytes: 0 };
    requests.push(request);
    const response = await answer(ask, request.n, body);
    request.answerBytes = (await response.clone().arrayBuffer()).byteLength;
    return response;
  };
  try {
    return { result: await watches.run(watch, work), requests };
  } finally {
    isOver = true;
  }
}

/** All that the driver asks of the database goes through here, whether a test watches it or not. */
neonConfig.fetchFunction = (url: string, init: RequestInit) => {
  const sent = String(init.body);
  const ask: Ask = (body = sent) => noteRenewal(body, () => fetch(url, { ...init, body }));
  return watches.getStore()?.(ask, sent) ?? ask();
};

const renewalsInFlight = new Set<{ body: string }>();

/**
 * Resolves once the database has answered all renewals of this session's lease that were sent. A holder renews its lease as
 * it starts, and then makes its first model call. The driver sends a renewal without waiting for anything from outside, so
 * it was sent before any call of that holder arrives; its answer may come later. So wait for a model call first. The next
 * renewal is sent by a timer, a third of the lease later, or 10 s where that is less.
 */
export function renewalsAnswered(sessionId: string): Promise<void> {
  return until("no renewal is in flight", async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return ![...renewalsInFlight].some(({ body }) => body.includes(sessionId));
  });
}

async function noteRenewal(body: string, ask: () => Promise<Response>): Promise<Response> {
  if (!isRenewal(body)) return ask();
  const renewal = { body };
  renewalsInFlight.add(renewal);
  try {
    return await ask();
  } finally {
    renewalsInFlight.delete(renewal);
  }
}

/** One statement: the lease is set. */
function isRenewal(body: string): boolean {
  const { queries = [] }: { queries?: { query: string }[] } = JSON.parse(body);
  return queries.length === 1 && queries[0]?.query.includes("renew_lease") === true;
}

type Watch = (ask: Ask, body: string) => Promise<Response>;

/** Whose work a request is of: all tests share one isolate. */
const watches = new AsyncLocalStorage<Watch>();

/**
 * What is asked of a session's object does not carry the watch along. `note` keeps it under a name, and the object's work
 * of that name goes on under it.
 */
const notedWatches = new Map<string, Watch>();

export function noteWatch(name: string): void {
  const watch = watches.getStore();
  if (watch !== undefined) notedWatches.set(name, watch);
}

export function underNotedWatch<T>(name: string, work: () => T): T {
  const watch = notedWatches.get(name);
  return watch === undefined ? work() : watches.run(watch, work);
}

/** An `answer` by which the database does what it is asked, and its answers to these requests are lost. */
export function losingAnswers(...lost: number[]) {
  return async (ask: Ask, n: number): Promise<Response> => {
    const response = await ask();
    if (!lost.includes(n)) return response;
    await response.arrayBuffer();
    throw new TypeError("the connection was lost");
  };
}

/** An `answer` by which these requests never reach the database: by number, or by what their statements hold. */
export function failing(...failed: (number | string)[]) {
  return async (ask: Ask, n: number, body: string): Promise<Response> =>
    failed.some((one) => one === n || (typeof one === "string" && body.includes(one)))
      ? new Response("bad gateway", { status: 502 })
      : ask();
}

/**
 * An `answer` by which the first request whose statements hold this is late: its sender takes it for lost.
 * `arrive` lets it reach the database, and gives the status of what nobody reads any more.
 */
export function delaying(part: string) {
  let late: Ask | undefined;
  return {
    async answer(ask: Ask, _n: number, body: string): Promise<Response> {
      if (late !== undefined || !body.includes(part)) return ask();
      late = ask;
      return new Response("bad gateway", { status: 502 });
    },
    async arrive(): Promise<number> {
      if (late === undefined) throw new Error(`no request held ${part}`);
      const response = await late();
      await response.arrayBuffer();
      return response.status;
    },
  };
}

/** An `answer` by which the database is away from the first request on whose statements hold this. */
export function awayFrom(part: string) {
  let isAway = false;
  return async (ask: Ask, _n: number, body: string): Promise<Response> => {
    isAway ||= body.includes(part);
    return isAway ? new Response("bad gateway", { status: 502 }) : ask();
  };
}
