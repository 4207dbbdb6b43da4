// The Worker with objects that fail as a scenario asks. It stands in front of the bundle, which is the one that is deployed:
// `POST /faults/<session id>/<fault>` arms a fault of that session's object, or loses the object at once.
import worker, { LiveSession as Production } from "./index.js";

/** What is armed, by session. Workers and objects of one process share it. */
const armed = new Map();

/** Whether the fault is armed; it is taken by this. */
function take(sessionId, fault) {
  return armed.get(sessionId) === fault && armed.delete(sessionId);
}

const isWrite = (statement) => /^\s*(insert|update|delete)/i.test(statement);

/** The object's storage refuses what it is asked while a fault says so. */
function makeFaulty({ id, storage }) {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const sync = storage.sync.bind(storage);
  Object.defineProperty(sql, "exec", {
    value(statement, ...values) {
      if (armed.get(id.name) === "writes" && isWrite(statement))
        throw new Error("the storage takes no write");
      return exec(statement, ...values);
    },
  });
  Object.defineProperty(storage, "sync", {
    value: () => (take(id.name, "sync") ? Promise.reject(new Error("the storage is not written")) : sync()),
  });
}

export class LiveSession extends Production {
  constructor(ctx, env) {
    makeFaulty(ctx);
    super(ctx, env);
  }

  run(handOver) {
    return this.#deliver(() => super.run(handOver));
  }

  watch(handOver, client) {
    return this.#deliver(() => super.watch(handOver, client));
  }

  /** The memory is gone, and what was in flight with it. What is stored stays. */
  lose() {
    this.ctx.abort("the object is lost");
  }

  async #deliver(once) {
    const { name } = this.ctx.id;
    if (take(name, "twice")) {
      const [answer] = await Promise.all([once(), once()]);
      return answer;
    }
    const isLost = take(name, "answer");
    const answer = await once();
    if (isLost) throw new Error("the answer is lost");
    return answer;
  }
}

export default {
  ...worker,
  async fetch(request, env, ctx) {
    const [, sessionId, fault] = /\/faults\/([^/]+)\/(\w+)$/.exec(request.url) ?? [];
    if (sessionId === undefined) return worker.fetch(request, env, ctx);
    if (fault === "none") armed.delete(sessionId);
    else if (fault === "lose")
      await env.LIVE_SESSIONS.getByName(sessionId)
        .lose()
        .catch(() => undefined);
    else armed.set(sessionId, fault);
    return new Response(null, { status: 204 });
  },
};
