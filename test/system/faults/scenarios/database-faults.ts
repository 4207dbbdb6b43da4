import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { checkSession } from "../checks/session.ts";
import { readStoredRun } from "../checks/stored-run.ts";
import type { Scenario } from "../scenario.ts";
import type { DatabaseFault } from "../testbed/database-gateway.ts";
import type { RequestKind } from "../testbed/request-kind.ts";
import { type PendingTurn, prepareTurn, restOfScript, testedModes } from "./pending-turn.ts";
import { waitUntilReleased } from "./released-claim.ts";
import { createRoundLog, isWhole } from "./round-log.ts";

/** A fault of the database, and how often in a row. */
type DatabaseCase = {
  kind: RequestKind | "any";
  fault: DatabaseFault | "refuses connections";
  /** This many requests pass first. */
  skip?: number;
  /** How long the fault lasts. */
  forMs?: number;
  times: number;
  /** `stored`: the turn is answered as without the fault. `either`: 503 is allowed too. */
  outcome: "stored" | "either";
};

const refusalMs = 2_000;
/** Once the database is back, waiting writes are stored within this time. */
const maxMsBehind = 15_000;
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
  // From the open on, and for longer than any client waits.
  { kind: "any", skip: 1, fault: failsBefore, times: 999, forMs: 7_000, outcome: "either" },
];

/** Answers of the database are lost or are errors, or it refuses connections. */
export const databaseFaults: Scenario = {
  name: "database-faults",
  rounds: { short: 2, long: cases.length * testedModes.length },
  async runRound(round) {
    const { testbed, index } = round;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const tried = cases[Math.floor(index / testedModes.length) % cases.length];
    if (tried === undefined) throw new Error("there is no such case");
    const worker = await testbed.takeWorker();
    const pending = await prepareTurn(round, worker, { mode });
    const { fixture, request } = pending;
    fixture.models.follow({ rules: restOfScript(pending) });
    const key = randomUUID();
    const roundLog = createRoundLog();

    const waitForEnd = injectFault(pending, tried);
    const posted = await fixture.post(worker, { request, key });
    await waitForEnd();
    const isRefused = posted.status === 503;
    roundLog.count(isRefused ? "503" : "201 at once");
    roundLog.expect("the request", posted, isWhole(posted) || (isRefused && tried.outcome === "either"));
    const stored = await readStoredRun(testbed, fixture);
    await fixture.expireLease();
    const again = await fixture.post(worker, { request, key });
    roundLog.expect("the same request", again, isWhole(again));
    roundLog.violations.push(...stored.paidTwice());
    if (posted.status === 201 && posted.body.id !== again.body?.id) {
      roundLog.violations.push("the turn that was answered is not the one that is stored");
    }
    const next = await fixture.post(worker, { request: fixture.nextRequest() });
    roundLog.expect("the next request", next, isWhole(next));
    roundLog.readLog(worker);
    testbed.giveBack(worker);
    return checkSession(testbed, fixture, nameOfCase(tried), roundLog);
  },
};

/** Injects the fault. The returned function resolves once the database answers again. */
function injectFault(
  { testbed, fixture }: PendingTurn,
  { kind, fault, times, skip = 0, forMs = 0 }: DatabaseCase,
): () => Promise<void> {
  const { gateway } = testbed;
  const about = fixture.sessionId;
  if (fault !== "refuses connections") {
    const rule = gateway.inject({ kind, about, fault, times, skip });
    const isOver = delay(forMs);
    return async () => {
      await isOver;
      rule.release({ dropped: true });
      if (forMs > 0) await waitUntilReleased(fixture, maxMsBehind);
    };
  }
  const rule = gateway.inject({ kind, about, fault: { hold: "before" } });
  const refused = rule.triggered.then(async () => {
    const over = gateway.refuseFor(refusalMs);
    rule.release({ dropped: true });
    await over;
  });
  // A run that sends no such request ends before the fault does.
  return () => Promise.race([refused, delay(refusalMs * 2)]).finally(() => rule.release({ dropped: true }));
}

function nameOfCase({ kind, fault, times }: DatabaseCase): string {
  if (fault === "refuses connections") return `${kind}: ${fault} for 2 s`;
  if (kind === "any") return "away for long";
  if ("hold" in fault || "late" in fault) return `${kind}: held × ${times}`;
  const what = "lose" in fault ? `lost ${fault.lose}` : `${fault.status} ${fault.when}`;
  return `${kind}: ${what} × ${times}`;
}
