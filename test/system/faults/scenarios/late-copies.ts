import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { checkSession } from "../checks/session.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import type { InjectedFault } from "../testbed/database-gateway.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { type PendingTurn, prepareTurn, testedModes } from "./pending-turn.ts";
import { isEnded } from "./released-claim.ts";
import { createRoundLog, isWhole, type RoundLog } from "./round-log.ts";
import { answers, picks } from "./script.ts";

const delayedKinds = ["open", "step", "commit", "takeover", "late_report", "renewal"] as const;
const postsInARow = 4;
/** Longer than any client's return is waited for. */
const farBack = "1 day";

/**
 * Requests to the database come late, or a second time, while two Workers take turns at one session and each
 * other's runs. In the end the session takes a new turn, and every call is in the ledger.
 */
export const lateCopies: Scenario = {
  name: "late-copies",
  rounds: { short: 3, long: 100 },
  async runRound(round) {
    const { testbed, random, index } = round;
    const workers = [await testbed.takeWorker(), await testbed.takeWorker()] as const;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const pending = await prepareTurn(round, workers[0], { mode, priorTurns: random.pick([0, 0, 1]) });
    const { fixture, order } = pending;
    // Slow enough for somebody to take over in the middle.
    const slow = () => ({ delay_ms: random.between(0, 60) });
    fixture.models.follow({
      rules: [picks(order, slow()), ...fixture.agents.map((key) => answers(key, slow()))],
    });
    const storm: Storm = { ...pending, workers, faults: [], roundLog: createRoundLog() };

    for (let post = 0; post < postsInARow; post += 1) {
      delayRequests(storm);
      await postBesideOthers(storm);
      if (random.chance(0.5)) arriveLate(storm, random.between(1, storm.faults.length));
    }
    arriveLate(storm, storm.faults.length);
    await testbed.gateway.idle();
    await fixture.expireLease(farBack);
    await workers[1].callScheduled();
    if (!(await isEnded(fixture))) storm.roundLog.violations.push("the scheduled handler left a claim");
    const last = await fixture.post(workers[0], { request: fixture.nextRequest() });
    storm.roundLog.expect("the last request", last, isWhole(last));
    for (const worker of workers) {
      storm.roundLog.readLog(worker);
      testbed.giveBack(worker);
    }
    return checkSession(testbed, fixture, mode, storm.roundLog);
  },
};

type Delay = InjectedFault & { kind: (typeof delayedKinds)[number]; late: "copy" | "original" };
type Storm = PendingTurn & { workers: readonly [Workerd, Workerd]; faults: Delay[]; roundLog: RoundLog };

/** From now on some requests of the session come late. Of three tries one gets through: the database is not away. */
function delayRequests({ testbed, fixture, random, faults }: Storm): void {
  for (const kind of delayedKinds) {
    if (!random.chance(0.5)) continue;
    const mayLose = !faults.some((injected) => injected.kind === kind && injected.late === "original");
    const late = mayLose ? random.pick(["copy", "original"] as const) : "copy";
    const times = random.between(1, 2);
    const injected = testbed.gateway.inject({ kind, about: fixture.sessionId, fault: { late }, times });
    faults.push({ ...injected, kind, late });
  }
}

function arriveLate({ faults, random, roundLog }: Storm, count: number): void {
  for (let left = count; left > 0 && faults.length > 0; left -= 1) {
    const [injected] = faults.splice(random.between(0, faults.length - 1), 1);
    injected?.release({ dropped: false });
    roundLog.count("released");
  }
}

/** Posts a request, and meanwhile another request, or recovery, comes to its session. */
async function postBesideOthers(storm: Storm): Promise<void> {
  const { fixture, random, roundLog, testbed } = storm;
  const [one, other] = random.chance(0.5) ? storm.workers : storm.workers.toReversed();
  if (one === undefined || other === undefined) throw new Error("there are two Workers");
  const request = fixture.nextRequest();
  const key = random.chance(0.6) ? randomUUID() : undefined;
  const posted = fixture.post(one, { request, key });
  const event = pickEvent(random, key);
  roundLog.count(event);
  await delay(random.between(0, 120));
  if (random.chance(0.4)) arriveLate(storm, 1);
  switch (event) {
    case "nobody":
      break;
    case "a takeover":
      await fixture.expireLease();
      note(roundLog, "a takeover", await fixture.post(other, { request, key }));
      break;
    case "another post":
      if (random.chance(0.7)) await fixture.expireLease();
      note(roundLog, "another post", await fixture.post(other, { request: fixture.nextRequest() }));
      break;
    case "the scheduled handler":
      await fixture.expireLease(farBack);
      await other.callScheduled();
      break;
    case "a refused post":
      note(roundLog, "a refused post", await postUntagged(storm, other));
  }
  note(roundLog, "the request", await posted);
  // Whoever was replaced reports what it spent behind its answer.
  await testbed.gateway.idle();
}

const eventsBeside = ["nobody", "another post", "the scheduled handler", "a refused post"] as const;

function pickEvent(random: Random, key: string | undefined) {
  return random.pick(
    key === undefined ? eventsBeside : (["a takeover", "a takeover", ...eventsBeside] as const),
  );
}

/** In a mode with tags nobody is to answer: it is refused once it has its claim. */
function postUntagged({ fixture }: Storm, { url }: Workerd): Promise<Answer> {
  const message = `Who will answer? ${fixture.messageOf(fixture.nextRequest()).replaceAll("@", "")}`;
  return fixture.user.call(url, "POST", `/sessions/${fixture.sessionId}/turns`, { body: { message } });
}

/** It is stored, refused by validation, or answered that another run has the session: nothing else may happen. */
function note(roundLog: RoundLog, what: string, answer: Answer): void {
  const { status, body } = answer;
  roundLog.count(String(status));
  const isTold = status === 409 && ["turn_conflict", "turn_in_progress"].includes(body?.code);
  const isRefused = status === 422 && body?.code === "no_valid_tagged_agents";
  roundLog.expect(what, answer, status === 201 || isTold || isRefused);
}
