import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { checkSession } from "../checks/session.ts";
import { readStoredRun } from "../checks/stored-run.ts";
import type { Scenario } from "../scenario.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { type PendingTurn, prepareTurn, restOfScript } from "./pending-turn.ts";
import { createRoundLog, isWhole, type RoundLog } from "./round-log.ts";
import { stepOfRound } from "./steps.ts";

/** As in the object's own module, faulty-objects.js. `lost`: its memory, in the middle of the run. */
type Fault = "lose" | "twice" | "answer" | "sync" | "writes";

type Kind = {
  name: string;
  fault: Fault;
  /** Whether the object fails before it is given the run, or in the middle of it. */
  when: "before" | "in the middle";
};

const kinds: readonly Kind[] = [
  { name: "the object is lost, its storage stays", fault: "lose", when: "in the middle" },
  { name: "the hand-over comes twice", fault: "twice", when: "before" },
  { name: "the answer to the hand-over is lost", fault: "answer", when: "before" },
  { name: "the start is not written", fault: "sync", when: "before" },
  { name: "the storage takes no write", fault: "writes", when: "before" },
  { name: "the storage takes no write any more", fault: "writes", when: "in the middle" },
];

/** Short: a run whose object was lost goes on by itself when its lease ends. */
const settings = { TURN_LEASE_MS: "6000" };
const pollMs = 200;
const maxWaitMs = 60_000;

/**
 * The object that executes a turn is lost while its process lives, is given the turn twice, or cannot write its storage. The
 * turn is stored once, no stored answer is asked for again, and every call is in the ledger.
 */
export const objectFaults: Scenario = {
  name: "object-faults",
  rounds: { short: 3, long: 120 },
  lanes: 2,
  async runRound(round) {
    const { testbed, index } = round;
    const kind = kinds[index % kinds.length] ?? kinds[0];
    if (kind === undefined) throw new Error("there is a kind");
    const { mode, step } = stepOfRound(Math.floor(index / kinds.length));
    const objectsDir = await mkdtemp(join(tmpdir(), "pantheon-objects-"));
    const worker = await testbed.startWorker(settings, { objectsDir, hasFaultyObjects: true });
    const pending = await prepareTurn(round, worker, { mode, withTools: step.withTools ?? false });
    const roundLog = createRoundLog();
    await postUnderFault(pending, worker, { kind, step }, roundLog);
    const next = await pending.fixture.post(worker, { request: pending.fixture.nextRequest() });
    roundLog.expect("the next request", next, isWhole(next));
    roundLog.readLog(worker);
    await worker.kill();
    await rm(objectsDir, { recursive: true, force: true });
    return checkSession(testbed, pending.fixture, kind.name, roundLog);
  },
};

type Planned = { kind: Kind; step: ReturnType<typeof stepOfRound>["step"] };

async function postUnderFault(
  pending: PendingTurn,
  worker: Workerd,
  { kind, step }: Planned,
  roundLog: RoundLog,
): Promise<void> {
  const { fixture, testbed, random } = pending;
  const key = random.chance(0.7) ? randomUUID() : undefined;
  const isBefore = kind.when === "before";
  const armed = isBefore ? undefined : step.arm(pending);
  fixture.models.follow({ rules: [...(armed?.rules ?? []), ...restOfScript(pending)] });
  if (isBefore) await setFault(worker, fixture.sessionId, kind.fault);
  const posted = pending.send(worker, key);
  if (armed !== undefined) {
    await Promise.race([armed.reached, posted]);
    await setFault(worker, fixture.sessionId, kind.fault);
    fixture.models.follow({ rules: restOfScript(pending) });
    armed.release({ dropped: false });
  }
  const answer = await posted;
  const isTold = answer.status === 201 || answer.body?.code === "turn_in_progress";
  roundLog.expect("the request", answer, isTold);
  roundLog.count(answer.status === 201 ? "stored at once" : "not stored at once");
  const stored = await readStoredRun(testbed, fixture);
  await setFault(worker, fixture.sessionId, "none");
  // An object that refused the start itself knows nothing of the run. The job of every minute finds it.
  if (kind.fault === "writes" && (await fixture.claim())?.has_begun === false) {
    await fixture.expireLease("1 day");
    await worker.callScheduled();
  }
  await untilEnded(pending, roundLog);
  roundLog.violations.push(...stored.paidTwice());
  if (key !== undefined) expectSame(answer, await pending.send(worker, key), roundLog);
}

/** Arms a fault of a session's object; `none`: its faults are over. */
async function setFault({ url }: Workerd, sessionId: string, fault: Fault | "none"): Promise<void> {
  const { status } = await fetch(`${url}/faults/${sessionId}/${fault}`, { method: "POST" });
  if (status !== 204) throw new Error(`the fault ${fault} was answered ${status}`);
}

/** Nobody posts again: the object goes on with its run when its lease ends. */
async function untilEnded({ fixture }: PendingTurn, roundLog: RoundLog): Promise<void> {
  const deadlineMs = Date.now() + maxWaitMs;
  while ((await fixture.claim()) !== undefined) {
    if (Date.now() > deadlineMs) return void roundLog.violations.push("the run did not end by itself");
    await delay(pollMs);
  }
}

function expectSame(first: Answer, again: Answer, roundLog: RoundLog): void {
  const isSame = first.status !== 201 || first.body.id === again.body?.id;
  roundLog.expect("the same request", again, again.status === 201 && isSame);
  roundLog.count(`stored as ${again.body?.status}`);
}
