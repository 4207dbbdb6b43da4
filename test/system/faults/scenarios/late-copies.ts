import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { judgeScene } from "../judge/scene.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import type { SetTrap } from "../testbed/database-gateway.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { createProtocol, isWhole, type Protocol } from "./protocol.ts";
import { answers, picks } from "./script.ts";
import { type Stage, setStage, stagedModes } from "./stage.ts";

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
  async play(round) {
    const { testbed, random, index } = round;
    const workers = [await testbed.takeWorker(), await testbed.takeWorker()] as const;
    const mode = stagedModes[index % stagedModes.length] ?? "manual";
    const stage = await setStage(round, workers[0], { mode, turnsBehind: random.pick([0, 0, 1]) });
    const { scene, order } = stage;
    // Slow enough for somebody to take over in the middle.
    const slow = () => ({ delay_ms: random.between(0, 60) });
    scene.models.follow({
      rules: [picks(order, slow()), ...scene.agents.map((key) => answers(key, slow()))],
    });
    const storm: Storm = { ...stage, workers, traps: [], protocol: createProtocol() };

    for (let post = 0; post < postsInARow; post += 1) {
      delayRequests(storm);
      await postAndMeddle(storm);
      if (random.chance(0.5)) arriveLate(storm, random.between(1, storm.traps.length));
    }
    arriveLate(storm, storm.traps.length);
    await testbed.gateway.idle();
    await scene.lapse(farBack);
    await workers[1].callScheduled();
    if ((await scene.claim()) !== undefined)
      storm.protocol.violations.push("the scheduled handler left a claim");
    const last = await scene.post(workers[0], { request: scene.nextRequest() });
    storm.protocol.expect("the last request", last, isWhole(last));
    for (const worker of workers) {
      storm.protocol.readLog(worker);
      testbed.giveBack(worker);
    }
    return judgeScene(testbed, scene, mode, storm.protocol);
  },
};

type Delay = SetTrap & { kind: (typeof delayedKinds)[number]; late: "copy" | "original" };
type Storm = Stage & { workers: readonly [Workerd, Workerd]; traps: Delay[]; protocol: Protocol };

/** From now on some requests of the session come late. Of three tries one gets through: the database is not away. */
function delayRequests({ testbed, scene, random, traps }: Storm): void {
  for (const kind of delayedKinds) {
    if (!random.chance(0.5)) continue;
    const mayLose = !traps.some((trap) => trap.kind === kind && trap.late === "original");
    const late = mayLose ? random.pick(["copy", "original"] as const) : "copy";
    const times = random.between(1, 2);
    const trap = testbed.gateway.set({ kind, about: scene.sessionId, fault: { late }, times });
    traps.push({ ...trap, kind, late });
  }
}

function arriveLate({ traps, random, protocol }: Storm, count: number): void {
  for (let left = count; left > 0 && traps.length > 0; left -= 1) {
    const [trap] = traps.splice(random.between(0, traps.length - 1), 1);
    trap?.letGo({ dropped: false });
    protocol.count("released");
  }
}

/** Posts a request, and while it is answered lets somebody else come for its session. */
async function postAndMeddle(storm: Storm): Promise<void> {
  const { scene, random, protocol, testbed } = storm;
  const [one, other] = random.chance(0.5) ? storm.workers : storm.workers.toReversed();
  if (one === undefined || other === undefined) throw new Error("there are two Workers");
  const request = scene.nextRequest();
  const key = random.chance(0.6) ? randomUUID() : undefined;
  const posted = scene.post(one, { request, key });
  const meddle = meddling(random, key);
  protocol.count(meddle);
  await delay(random.between(0, 120));
  if (random.chance(0.4)) arriveLate(storm, 1);
  switch (meddle) {
    case "nobody":
      break;
    case "a takeover":
      await scene.lapse();
      note(protocol, "a takeover", await scene.post(other, { request, key }));
      break;
    case "another post":
      if (random.chance(0.7)) await scene.lapse();
      note(protocol, "another post", await scene.post(other, { request: scene.nextRequest() }));
      break;
    case "the scheduled handler":
      await scene.lapse(farBack);
      await other.callScheduled();
      break;
    case "a refused post":
      note(protocol, "a refused post", await postUntagged(storm, other));
  }
  note(protocol, "the request", await posted);
  // Whoever was replaced reports what it spent behind its answer.
  await testbed.gateway.idle();
}

const meddlings = ["nobody", "another post", "the scheduled handler", "a refused post"] as const;

function meddling(random: Random, key: string | undefined) {
  return random.pick(key === undefined ? meddlings : (["a takeover", "a takeover", ...meddlings] as const));
}

/** In a mode with tags nobody is to answer: it is refused once it has its claim. */
function postUntagged({ scene }: Storm, { url }: Workerd): Promise<Answer> {
  const message = `Who will answer? ${scene.messageOf(scene.nextRequest()).replaceAll("@", "")}`;
  return scene.user.call(url, "POST", `/sessions/${scene.sessionId}/turns`, { body: { message } });
}

/** Stored, refused for what it is, or told that another run has the session: nothing else may happen. */
function note(protocol: Protocol, what: string, answer: Answer): void {
  const { status, body } = answer;
  protocol.count(String(status));
  const isTold = status === 409 && ["turn_conflict", "turn_in_progress"].includes(body?.code);
  const isRefused = status === 422 && body?.code === "no_valid_tagged_agents";
  protocol.expect(what, answer, status === 201 || isTold || isRefused);
}
