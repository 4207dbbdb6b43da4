import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { calledFor } from "../judge/called.ts";
import { judgeScene } from "../judge/scene.ts";
import { readSessionRows, type SessionRows } from "../judge/session-rows.ts";
import type { Scenario } from "../scenario.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { createProtocol, isWhole, type Protocol } from "./protocol.ts";
import { restOfScript, type Stage, setStage } from "./stage.ts";
import { stepOfRound } from "./steps.ts";

/** Short enough to wait for, long enough for a busy machine. */
const shortLeaseMs = 3_000;
/** What a process sent before it was stopped has been read by then. */
const onTheWayMs = 50;

/**
 * A holder is put to sleep at a step of its run; another Worker takes over; the holder wakes, and what it had
 * sent arrives. Every third sleeps past a lease as it is; the other leases are made to run out under holders
 * that think they have them still.
 */
export const pauses: Scenario = {
  name: "pauses",
  rounds: { short: 2, long: 90 },
  async play(round) {
    const { testbed, random, index } = round;
    const { mode, step } = stepOfRound(index);
    const sleepsLong = index % 3 === 0;
    const sleeper = await (sleepsLong
      ? testbed.startWorker({ TURN_LEASE_MS: String(shortLeaseMs) })
      : testbed.takeWorker());
    const other = await testbed.takeWorker();
    const stage = await setStage(round, other, {
      mode,
      withTools: step.withTools ?? false,
      turnsBehind: random.pick([0, 0, 0, 1, 2]),
    });
    const { scene, request } = stage;
    const armed = step.arm(stage);
    scene.models.follow({ rules: [...armed.rules, ...restOfScript(stage)] });

    const takeover = random.pick(["same key", "another post", "scheduled"] as const);
    const key = takeover === "scheduled" ? undefined : randomUUID();
    const posted = scene.post(sleeper, { request, key });
    const protocol = createProtocol();
    await Promise.race([armed.reached, posted]);
    const answered = answeredCalls(stage);
    sleeper.pause();
    scene.models.follow({ rules: restOfScript(stage) });
    await untilArrived(stage);
    const fate = await fateOf(stage);
    if (sleepsLong) await untilLeaseIsOver(stage);
    else await scene.lapse();
    protocol.count(sleepsLong ? "slept past a lease" : "lease ran out meanwhile");
    await takeOver(stage, other, { takeover, key }, protocol);

    const before = await readSessionRows(testbed.sql, scene.sessionId);
    sleeper.wake();
    armed.letGo({ dropped: false });
    const late = await posted;
    await testbed.gateway.idle();
    const after = await readSessionRows(testbed.sql, scene.sessionId);
    const isTold = fate === "replaced" ? late.body?.code === "turn_conflict" : late.status === 201;
    protocol.expect("the holder's own client", late, isTold);
    protocol.count(fate);
    // Asleep before it had claimed anything, it does so when it wakes: a turn like any other.
    if (fate !== "not open yet") protocol.violations.push(...changesBetween(before, after));
    // Past its own lease it cuts off what it has not read yet; else it knows what it was answered.
    if (!sleepsLong) protocol.violations.push(...missingIn(after, answered));
    protocol.readLog(sleeper);
    await sleeper.kill();
    testbed.giveBack(other);
    return judgeScene(testbed, scene, `${mode}, ${step.name}`, protocol);
  },
};

/** What the sleeper had sent is at the database before anything else happens. */
async function untilArrived({ testbed }: Stage): Promise<void> {
  await delay(onTheWayMs);
  await testbed.gateway.idle();
}

/** What becomes of a holder that sleeps from now on until another has come. */
async function fateOf({
  testbed,
  scene,
  request,
}: Stage): Promise<"replaced" | "had committed" | "not open yet"> {
  if ((await scene.claim()) !== undefined) return "replaced";
  const { turns } = await readSessionRows(testbed.sql, scene.sessionId);
  return turns.some(({ user_input }) => user_input === scene.messageOf(request))
    ? "had committed"
    : "not open yet";
}

async function untilLeaseIsOver({ scene }: Stage): Promise<void> {
  for (;;) {
    const leftMs = (await scene.claim())?.lease_left_ms ?? 0;
    if (leftMs <= 0) return;
    await delay(leftMs);
  }
}

type Takeover = { takeover: "same key" | "another post" | "scheduled"; key: string | undefined };

async function takeOver(stage: Stage, other: Workerd, { takeover, key }: Takeover, protocol: Protocol) {
  const { scene, request } = stage;
  protocol.count(`by ${takeover}`);
  if (takeover === "scheduled") {
    await other.callScheduled();
    if ((await scene.claim()) !== undefined) protocol.violations.push("the scheduled handler left the claim");
    return;
  }
  const answer =
    takeover === "same key"
      ? await scene.post(other, { request, key })
      : await scene.post(other, { request: scene.nextRequest() });
  protocol.expect(`a takeover by ${takeover}`, answer, isWhole(answer));
}

/** Calls for agents that the models have answered to the end. */
function answeredCalls({ scene }: Stage): string[] {
  return scene.models.journal.entries.flatMap((entry) =>
    entry.finished && scene.agents.includes(calledFor(entry).who) ? [entry.call_id] : [],
  );
}

/** What a holder was answered stands in the ledger as such, not as an estimate. */
function missingIn({ ledger }: SessionRows, calls: readonly string[]): string[] {
  const named = new Set(ledger.map((row) => row.provider_request_id));
  return calls.filter((id) => !named.has(id)).map(() => "what a holder spent is not told by it");
}

/** What a holder that was replaced may still write is its spend: nothing else of the session may differ. */
function changesBetween(before: SessionRows, after: SessionRows): string[] {
  const parts = ["turns", "runs", "messages", "audits", "overhead", "claims", "checkpoints"] as const;
  return parts
    .filter((part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]))
    .map((part) => `a holder that was replaced changed the ${part}`);
}
