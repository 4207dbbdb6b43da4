import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Deps } from "../../src/deps.ts";
import { createTables } from "../../src/live/tables.ts";
import type { SessionHost, SessionHosts } from "../../src/turn/session-host.ts";
import { noteWatch, renewalsAnswered } from "./database-requests.ts";

/** The parts of each application under test, by the name that its objects have. */
const applications = new Map<string, () => Deps>();

/**
 * Gives an application objects of its own: two applications are two deployments' worth of processes, so a session that
 * both serve has two objects. `deps` is asked at each use: a test may change a part.
 */
export function connectObjects(deps: () => Deps): (sessionId: string) => SessionHost {
  const application = crypto.randomUUID();
  applications.set(application, deps);
  return (sessionId) => {
    const name = nameObject(sessionId, application);
    objectNames.set(sessionId, name);
    const object = findObject(name);
    return {
      prepare: () => object.prepare(),
      run: (handOver) => {
        noteWatch(handOver.run.turn.claim.holder);
        return object.run(handOver);
      },
      watch: (handOver, client) => {
        noteWatch(handOver.run.turn.claim.holder);
        return object.watch(handOver, client);
      },
      wakeQueue: (session) => object.wakeQueue(session),
      joinQueued: (turn) => object.joinQueued(turn),
      watchQueued: (turn) => object.watchQueued(turn),
      join: (run) => object.join(run),
      events: (request) => object.events(request),
      recover: async (run) => {
        if (silentSessions.has(run.sessionId)) throw new Error("the object does not answer");
        noteWatch(run.runId);
        return object.recover(run);
      },
      cancel: async (run) => {
        if (uncancellableSessions.has(sessionId)) throw new Error("the object does not answer");
        return object.cancel(run);
      },
    };
  };
}

const silentSessions = new Set<string>();

/** From now on the session's objects take over no run: a request that finds a run without a holder settles it itself. */
export function silenceRecovery(sessionId: string): void {
  silentSessions.add(sessionId);
}

const uncancellableSessions = new Set<string>();

/** From now on the session's objects hear of no cancel: whoever cancels a run settles it. */
export function silenceCancel(sessionId: string): void {
  uncancellableSessions.add(sessionId);
}

/** Runs `work` where a session's runs are executed: timers that were set there may use what belongs to the object. */
export async function inObject(sessionId: string, work: () => Promise<unknown>): Promise<void> {
  await runInDurableObject(stubOf(sessionId), work);
}

/** Runs `work` on the SQLite of an object that has its tables and nothing in them. */
export async function inObjectSql(work: (sql: SqlStorage) => Promise<void>): Promise<void> {
  const object = Object(env).LIVE_SESSIONS.getByName(crypto.randomUUID());
  await runInDurableObject(object, async (_, { storage }) => {
    createTables(storage.sql);
    await work(storage.sql);
  });
}

const objectNames = new Map<string, string>();

function nameObject(sessionId: string, application: string): string {
  return `${sessionId.toLowerCase()}/${application}`;
}

function findObject(name: string): SessionHost {
  return Object(env).LIVE_SESSIONS.getByName(name);
}

/** The parts of the application that an object belongs to. */
export function depsOfObject(name: string | undefined): Deps {
  const deps = applications.get(name?.split("/")[1] ?? "");
  if (deps === undefined) throw new Error(`no application has the object ${name}`);
  return deps();
}

/** The object that executes a session's runs, as Cloudflare's test tools take it. */
export function stubOf(sessionId: string): DurableObjectStub {
  const name = objectNames.get(sessionId);
  if (name === undefined) throw new Error("the session has no object yet");
  return Object(env).LIVE_SESSIONS.getByName(name);
}

/** The object loses its memory at once, as where its machine is lost; its storage stays. */
export async function loseObject(sessionId: string): Promise<void> {
  // The answer to a renewal that is in flight would be lost with the object.
  await renewalsAnswered(sessionId);
  await runInDurableObject(stubOf(sessionId), (_, state) => state.abort()).catch(() => undefined);
}

const failingStatements = { inserts: /^\s*insert/i, deletes: /^\s*delete/i, sync: undefined };

/**
 * The storage of a session's object fails: it confirms nothing, takes no new rows, or deletes none. `mend`: it works again.
 * Each time it was asked in vain is counted.
 */
export async function breakStorage(sessionId: string, what: "sync" | "inserts" | "deletes") {
  let isBroken = true;
  let failures = 0;
  const fail = () => {
    failures += 1;
    return new Error("the storage fails");
  };
  await runInDurableObject(stubOf(sessionId), (_, { storage }) => {
    const { sql } = storage;
    const [sync, exec] = [storage.sync.bind(storage), sql.exec.bind(sql)];
    const failingSync = () => (isBroken && what === "sync" ? Promise.reject(fail()) : sync());
    const failingExec: typeof sql.exec = (statement, ...values) => {
      if (isBroken && failingStatements[what]?.test(statement)) throw fail();
      return exec(statement, ...values);
    };
    Object.defineProperty(storage, "sync", { value: failingSync });
    Object.defineProperty(sql, "exec", { value: failingExec });
  });
  return {
    failures: () => failures,
    mend() {
      isBroken = false;
    },
  };
}

/** The object's alarm goes off now, and all that it would do later is due. */
export async function passAlarm(sessionId: string): Promise<void> {
  await runInDurableObject(stubOf(sessionId), async (object, { storage }) => {
    // Without a pause in between, in which the object could write the times that it remembers.
    storage.sql.exec(
      "update due set recover = min(recover, 0), queue = min(queue, 0), forget = min(forget, 0)",
    );
    await object.alarm?.();
  });
}

/** Objects that do not answer, whichever the session. */
export const noHosts: SessionHosts = () => {
  const fail = () => Promise.reject(new Error("the object does not answer"));
  return {
    prepare: fail,
    run: fail,
    watch: fail,
    join: fail,
    events: fail,
    recover: fail,
    cancel: fail,
    wakeQueue: fail,
    joinQueued: fail,
    watchQueued: fail,
  };
};
