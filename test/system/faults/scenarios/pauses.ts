import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { callerOf } from "../../../turn/modes/support/model-calls.ts";
import { checkSession } from "../checks/session.ts";
import { readSessionRows, type SessionRows } from "../checks/session-rows.ts";
import type { Scenario } from "../scenario.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { type PendingTurn, prepareTurn, restOfScript } from "./pending-turn.ts";
import { isEnded, postAfterLostRun } from "./released-claim.ts";
import { createRoundLog, isWhole, type RoundLog } from "./round-log.ts";
import { stepOfRound } from "./steps.ts";

/** Short enough to wait for, and long enough on a busy machine. */
const shortLeaseMs = 6_000;
/** What a process sent before it was paused has been read after this time. */
const transitMs = 50;

/**
 * A holder is paused at a step of its run, another Worker takes over, and the holder resumes. Every third round
 * waits until a short lease runs out. In the others the lease is expired in the database while its holder is paused.
 */
export const pauses: Scenario = {
  name: "pauses",
  rounds: { short: 2, long: 90 },
  async runRound(round) {
    const { testbed, random, index } = round;
    const { mode, step } = stepOfRound(index);
    const waitsForExpiry = index % 3 === 0;
    const paused = await (waitsForExpiry
      ? testbed.startWorker({ TURN_LEASE_MS: String(shortLeaseMs) })
      : testbed.takeWorker());
    const other = await testbed.takeWorker();
    const pending = await prepareTurn(round, other, {
      mode,
      withTools: step.withTools ?? false,
      priorTurns: random.pick([0, 0, 0, 1, 2]),
    });
    const { fixture, request } = pending;
    const armed = step.arm(pending);
    fixture.models.follow({ rules: [...armed.rules, ...restOfScript(pending)] });

    const takeover = random.pick(["same key", "another post", "scheduled"] as const);
    const key = takeover === "scheduled" ? undefined : randomUUID();
    const posted = fixture.post(paused, { request, key });
    const roundLog = createRoundLog();
    await Promise.race([armed.reached, posted]);
    const answered = answeredCalls(pending);
    paused.pause();
    fixture.models.follow({ rules: restOfScript(pending) });
    await untilArrived(pending);
    const outcome = await predictOutcome(pending);
    if (waitsForExpiry) await untilLeaseIsOver(pending);
    else await fixture.expireLease();
    roundLog.count(waitsForExpiry ? "waited past a lease" : "lease expired in the database");
    await takeOver(pending, other, { takeover, key }, roundLog);

    const before = await readSessionRows(testbed.sql, fixture.sessionId);
    paused.wake();
    armed.release({ dropped: false });
    const late = await posted;
    await testbed.gateway.idle();
    const after = await readSessionRows(testbed.sql, fixture.sessionId);
    const isExpected = outcome === "replaced" ? late.body?.code === "turn_conflict" : late.status === 201;
    roundLog.expect("the holder's own client", late, isExpected);
    roundLog.count(outcome);
    // A holder that was paused before its open makes its claim afterwards: an ordinary turn.
    if (outcome !== "not open yet") roundLog.violations.push(...changesBetween(before, after));
    // A holder past its lease cancels calls it has not read. Any other knows their answers.
    if (!waitsForExpiry) roundLog.violations.push(...missingIn(after, answered));
    roundLog.readLog(paused);
    await paused.kill();
    testbed.giveBack(other);
    return checkSession(testbed, fixture, `${mode}, ${step.name}`, roundLog);
  },
};

/** Waits until the requests of the paused holder have reached the database. */
async function untilArrived({ testbed }: PendingTurn): Promise<void> {
  await delay(transitMs);
  await testbed.gateway.idle();
}

/** What happens to a holder that is paused now, until another has taken over. */
async function predictOutcome({
  testbed,
  fixture,
  request,
}: PendingTurn): Promise<"replaced" | "had committed" | "not open yet"> {
  if ((await fixture.claim()) !== undefined) return "replaced";
  const { turns } = await readSessionRows(testbed.sql, fixture.sessionId);
  return turns.some(({ user_input }) => user_input === fixture.messageOf(request))
    ? "had committed"
    : "not open yet";
}

async function untilLeaseIsOver({ fixture }: PendingTurn): Promise<void> {
  for (;;) {
    const leftMs = (await fixture.claim())?.lease_left_ms ?? 0;
    if (leftMs <= 0) return;
    await delay(leftMs);
  }
}

type Takeover = { takeover: "same key" | "another post" | "scheduled"; key: string | undefined };

async function takeOver(
  pending: PendingTurn,
  other: Workerd,
  { takeover, key }: Takeover,
  roundLog: RoundLog,
) {
  const { fixture, request } = pending;
  roundLog.count(`by ${takeover}`);
  if (takeover === "scheduled") {
    await other.callScheduled();
    if (!(await isEnded(fixture))) roundLog.violations.push("the scheduled handler left the claim");
    return;
  }
  const answer =
    takeover === "same key"
      ? await fixture.post(other, { request, key })
      : await postAfterLostRun(fixture, other);
  roundLog.expect(`a takeover by ${takeover}`, answer, isWhole(answer));
}

/** Calls for agents that the models have answered to the end. */
function answeredCalls({ fixture }: PendingTurn): string[] {
  return fixture.models.journal.entries.flatMap((entry) =>
    entry.finished && fixture.agents.includes(callerOf(entry)) ? [entry.call_id] : [],
  );
}

/** An answer that a holder received is in the ledger with its call id, not as an estimate. */
function missingIn({ ledger }: SessionRows, calls: readonly string[]): string[] {
  const named = new Set(ledger.map((row) => row.provider_request_id));
  return calls
    .filter((id) => !named.has(id))
    .map(() => "a call that a holder paid for is missing in the ledger");
}

/** A replaced holder may still report its calls. Nothing else of the session may change. */
function changesBetween(before: SessionRows, after: SessionRows): string[] {
  const parts = ["turns", "runs", "messages", "audits", "overhead", "claims", "checkpoints"] as const;
  return parts
    .filter((part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]))
    .map((part) => `a holder that was replaced changed the ${part}`);
}
