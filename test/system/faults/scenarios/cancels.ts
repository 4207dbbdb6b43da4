import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { JournalEntry } from "../../../support/node/model-journal.ts";
import { readCallPurpose } from "../checks/call-purpose.ts";
import { checkSession } from "../checks/session.ts";
import { readSessionRows } from "../checks/session-rows.ts";
import type { Round, Scenario } from "../scenario.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { failTurn, type PendingTurn, prepareTurn, restOfScript } from "./pending-turn.ts";
import { createRoundLog, isWhole, type RoundLog } from "./round-log.ts";
import { stepOfRound } from "./steps.ts";

/** A cancelled turn leaves its session to the next one within this time, and none of its calls goes on for longer. */
const maxMs = 1_000;
const pollMs = 20;
/** A session that is not free after this time never will be. */
const giveUpMs = 30_000;

/** What happens to the Worker that executes the turn, before the cancel. */
const hostStates = ["at work", "at work", "killed", "paused"] as const;

/** A turn is cancelled at a step of its run, or at a random moment. Where its Worker is gone or paused, another is asked to. */
export const cancels: Scenario = {
  name: "cancels",
  // It measures times, which a busy machine makes longer.
  rounds: { short: 0, long: 200 },
  async runRound(round) {
    const { testbed, random, index } = round;
    const { mode, step } = stepOfRound(index);
    const state = random.pick(hostStates);
    const host = await testbed.takeWorker();
    const asked = state === "at work" ? host : await testbed.takeWorker();
    const pending = await prepareTurnOrRetry(round, host, { mode, step });
    const { fixture } = pending;
    const armed = step.arm(pending);
    fixture.models.follow({ rules: [...armed.rules, ...restOfScript(pending)] });
    const roundLog = createRoundLog();
    const key = randomUUID();
    const posted = pending.send(host, key);
    await Promise.race([armed.reached, posted]);
    if (state === "killed") await host.kill();
    if (state === "paused") host.pause();
    const turnId = await findTurn(pending);
    roundLog.count(turnId === undefined ? "not open yet" : state);
    if (pending.isRetry) roundLog.count("of a retry");

    const startedMs = Date.now();
    if (turnId !== undefined) await cancel(pending, asked, turnId, roundLog);
    const cancelledMs = Date.now();
    armed.release({ dropped: state === "killed" });
    fixture.models.follow({ rules: restOfScript(pending) });
    if (turnId !== undefined) {
      await takeNextTurn(pending, asked, startedMs, roundLog);
      checkCalls(pending, { cancelledMs, isPaused: state === "paused" }, roundLog);
    }
    if (state === "paused") host.wake();
    const answer = await posted;
    if (state !== "killed") roundLog.expect("the client of the turn", answer, answer.status === 201);
    if (turnId !== undefined) await repeatRequest(pending, asked, key, roundLog);
    roundLog.violations.push(...(await findWrongFailures(pending)));
    roundLog.readLog(asked);
    if (state === "paused") await host.kill();
    testbed.giveBack(asked);
    return checkSession(testbed, fixture, `${mode}, ${step.name}, ${state}`, roundLog);
  },
};

async function prepareTurnOrRetry(
  round: Round,
  host: Workerd,
  { mode, step }: ReturnType<typeof stepOfRound>,
): Promise<PendingTurn> {
  const { random } = round;
  const prepared = await prepareTurn(round, host, {
    mode,
    withTools: step.withTools ?? false,
    priorTurns: random.pick([0, 0, 0, 1, 2]),
  });
  const mayBeRetry = mode !== "orchestrator" && !step.needsAll && !step.withTools;
  return mayBeRetry && random.chance(0.25) ? failTurn(prepared, host) : prepared;
}

/** The turn as the claim names it, or as it is stored; undefined: its run is not open yet, or a retry that is over. */
async function findTurn({ testbed, fixture, request, isRetry }: PendingTurn): Promise<string | undefined> {
  await testbed.gateway.idle();
  const claim = await fixture.claim();
  if (claim !== undefined) return claim.turn_id;
  if (isRetry) return undefined;
  const { turns } = await readSessionRows(testbed.sql, fixture.sessionId);
  return turns.find(({ user_input }) => user_input === fixture.messageOf(request))?.id;
}

/** One cancel, or several at once. */
async function cancel(
  { fixture, random }: PendingTurn,
  worker: Workerd,
  turnId: string,
  roundLog: RoundLog,
): Promise<void> {
  const path = `/sessions/${fixture.sessionId}/turns/${turnId}/cancel`;
  const answers = await Promise.all(
    Array.from({ length: random.pick([1, 1, 3]) }, () => fixture.user.call(worker.url, "POST", path)),
  );
  for (const answer of answers) roundLog.expect("a cancel", answer, answer.status === 202);
}

/** Posts the next turn until the session takes it. */
async function takeNextTurn(
  { fixture }: PendingTurn,
  worker: Workerd,
  startedMs: number,
  roundLog: RoundLog,
): Promise<void> {
  const request = fixture.nextRequest();
  let sentMs: number;
  let answer: Answer;
  do {
    sentMs = Date.now();
    answer = await fixture.post(worker, { request });
    await delay(pollMs);
  } while (answer.body?.code === "turn_conflict" && sentMs - startedMs < giveUpMs);
  roundLog.expect("the next turn", answer, isWhole(answer));
  const freeMs = sentMs - startedMs;
  roundLog.count(
    `free within ${freeMs <= 250 ? 250 : freeMs <= 600 ? 600 : freeMs <= maxMs ? maxMs : "more"} ms`,
  );
  if (freeMs > maxMs) roundLog.violations.push(`the session took the next turn after ${freeMs} ms`);
}

/** A process that is paused can close no call. */
function checkCalls(
  { fixture, request }: PendingTurn,
  { cancelledMs, isPaused }: { cancelledMs: number; isPaused: boolean },
  roundLog: RoundLog,
): void {
  const ofTurn = fixture.models.journal.entries.filter((entry) => readCallPurpose(entry).request === request);
  const afterCancel = ofTurn.filter(({ arrived_at_ms: arrivedMs }) => arrivedMs > cancelledMs + pollMs);
  if (afterCancel.length > 0)
    roundLog.violations.push(`${afterCancel.length} calls were made after the cancel`);
  if (isPaused) return;
  const late = ofTurn.filter((entry) => endOf(entry) > cancelledMs + maxMs);
  if (late.length > 0) roundLog.violations.push(`${late.length} calls went on after the cancel`);
}

function endOf({ ended_at_ms: endedMs }: JournalEntry): number {
  return endedMs ?? Date.now();
}

async function repeatRequest(
  pending: PendingTurn,
  worker: Workerd,
  key: string,
  roundLog: RoundLog,
): Promise<void> {
  const { entries } = pending.fixture.models.journal;
  const asked = entries.length;
  const again = await pending.send(worker, key);
  roundLog.expect("the same request", again, again.status === 201);
  roundLog.count(`stored as ${again.body?.status}`);
  if (entries.length !== asked) roundLog.violations.push("the same request asked a model");
}

/** No fault but the cancel is in these turns, except in a turn whose retry was cancelled. */
async function findWrongFailures({ testbed, fixture, isRetry }: PendingTurn): Promise<string[]> {
  if (isRetry) return [];
  const { rows } = await testbed.sql.query<{ code: string }>(
    "select distinct error ->> 'code' as code from messages where session_id = $1 and status = 'failed'",
    [fixture.sessionId],
  );
  return rows.filter(({ code }) => code !== "cancelled").map(({ code }) => `an agent failed with ${code}`);
}
