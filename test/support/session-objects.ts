import { env } from "cloudflare:workers";
import type { Deps } from "../../src/deps.ts";
import type { SessionHost } from "../../src/turn/session-host.ts";
import { noteWatch } from "./database-requests.ts";

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
    const object = findObject(nameObject(sessionId, application));
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
      recover: async (run) => {
        if (silentSessions.has(run.sessionId)) throw new Error("the object does not answer");
        noteWatch(run.runId);
        return object.recover(run);
      },
    };
  };
}

const silentSessions = new Set<string>();

/** From now on the session's objects take over no run: whoever meets one whose holder is gone settles it itself. */
export function silenceRecovery(sessionId: string): void {
  silentSessions.add(sessionId);
}

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
