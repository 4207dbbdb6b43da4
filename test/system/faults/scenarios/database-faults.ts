import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { judgeScene } from "../judge/scene.ts";
import { lookAtStoredRun } from "../judge/stored-run.ts";
import type { Scenario } from "../scenario.ts";
import type { DatabaseFault } from "../testbed/database-gateway.ts";
import type { RequestKind } from "../testbed/request-kind.ts";
import { untilGivenUp } from "./given-up.ts";
import { createProtocol, isWhole } from "./protocol.ts";
import { restOfScript, type Stage, setStage, stagedModes } from "./stage.ts";

/** A fault of the database, and how often in a row. */
type DatabaseCase = {
  kind: RequestKind | "any";
  fault: DatabaseFault | "refuses connections";
  /** So many pass first. */
  skip?: number;
  /** The fault lasts so long, whatever is answered meanwhile. */
  forMs?: number;
  times: number;
  /** `stored`: the turn is answered as if nothing had been; `either`: 503 is an answer as well. */
  outcome: "stored" | "either";
};

const refusalMs = 2_000;
/** Once the database is back, what waits for it has been stored by then. */
const mostMsBehind = 15_000;
const lostAfter = { lose: "after" } as const;
const failsBefore = { status: 502, when: "before" } as const;
const failsAfter = { status: 500, when: "after" } as const;

const cases: readonly DatabaseCase[] = [
  { kind: "commit", fault: lostAfter, times: 1, outcome: "stored" },
  { kind: "commit", fault: "refuses connections", times: 1, outcome: "either" },
  { kind: "commit", fault: failsBefore, times: 1, outcome: "stored" },
  { kind: "commit", fault: lostAfter, times: 2, outcome: "stored" },
  { kind: "commit", fault: lostAfter, times: 9, outcome: "either" },
  { kind: "commit", fault: { lose: "before" }, times: 2, outcome: "stored" },
  { kind: "commit", fault: failsBefore, times: 9, outcome: "either" },
  { kind: "commit", fault: failsAfter, times: 1, outcome: "stored" },
  { kind: "commit", fault: failsAfter, times: 9, outcome: "either" },
  { kind: "open", fault: lostAfter, times: 1, outcome: "stored" },
  { kind: "open", fault: lostAfter, times: 9, outcome: "either" },
  { kind: "open", fault: failsBefore, times: 2, outcome: "stored" },
  { kind: "open", fault: "refuses connections", times: 1, outcome: "either" },
  { kind: "step", fault: lostAfter, times: 1, outcome: "stored" },
  { kind: "step", fault: failsBefore, times: 9, outcome: "stored" },
  { kind: "step", fault: "refuses connections", times: 1, outcome: "either" },
  // Away from the open on, and for longer than anybody waits for an answer.
  { kind: "any", skip: 1, fault: failsBefore, times: 999, forMs: 7_000, outcome: "either" },
];

/** Answers of the database are lost, are errors, or there is nobody to answer. */
export const databaseFaults: Scenario = {
  name: "database-faults",
  rounds: { short: 2, long: cases.length * stagedModes.length },
  async play(round) {
    const { testbed, index } = round;
    const mode = stagedModes[index % stagedModes.length] ?? "manual";
    const tried = cases[Math.floor(index / stagedModes.length) % cases.length];
    if (tried === undefined) throw new Error("there is no such case");
    const worker = await testbed.takeWorker();
    const stage = await setStage(round, worker, { mode });
    const { scene, request } = stage;
    scene.models.follow({ rules: restOfScript(stage) });
    const key = randomUUID();
    const protocol = createProtocol();

    const healed = hurt(stage, tried);
    const posted = await scene.post(worker, { request, key });
    await healed();
    const isRefused = posted.status === 503;
    protocol.count(isRefused ? "503" : "201 at once");
    protocol.expect("the request", posted, isWhole(posted) || (isRefused && tried.outcome === "either"));
    const stored = await lookAtStoredRun(testbed, scene);
    await scene.lapse();
    const again = await scene.post(worker, { request, key });
    protocol.expect("the same request", again, isWhole(again));
    protocol.violations.push(...stored.paidTwice());
    if (posted.status === 201 && posted.body.id !== again.body?.id) {
      protocol.violations.push("the turn that was answered is not the one that is stored");
    }
    const next = await scene.post(worker, { request: scene.nextRequest() });
    protocol.expect("the next request", next, isWhole(next));
    protocol.readLog(worker);
    testbed.giveBack(worker);
    return judgeScene(testbed, scene, nameOfCase(tried), protocol);
  },
};

/** Sets the fault; what it gives resolves when the database is well again. */
function hurt(
  { testbed, scene }: Stage,
  { kind, fault, times, skip = 0, forMs = 0 }: DatabaseCase,
): () => Promise<void> {
  const { gateway } = testbed;
  const about = scene.sessionId;
  if (fault !== "refuses connections") {
    const trap = gateway.set({ kind, about, fault, times, skip });
    const isOver = delay(forMs);
    return async () => {
      await isOver;
      trap.letGo({ dropped: true });
      if (forMs > 0) await untilGivenUp(scene, mostMsBehind);
    };
  }
  const trap = gateway.set({ kind, about, fault: { hold: "before" } });
  const refused = trap.sprung.then(async () => {
    const over = gateway.refuseFor(refusalMs);
    trap.letGo({ dropped: true });
    await over;
  });
  // A run without such a request is over before the trap is.
  return () => Promise.race([refused, delay(refusalMs * 2)]).finally(() => trap.letGo({ dropped: true }));
}

function nameOfCase({ kind, fault, times }: DatabaseCase): string {
  if (fault === "refuses connections") return `${kind}: ${fault} for 2 s`;
  if (kind === "any") return "away for long";
  if ("hold" in fault || "late" in fault) return `${kind}: held × ${times}`;
  const what = "lose" in fault ? `lost ${fault.lose}` : `${fault.status} ${fault.when}`;
  return `${kind}: ${what} × ${times}`;
}
