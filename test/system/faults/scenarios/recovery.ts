import { setTimeout as delay } from "node:timers/promises";
import { readStoredRun } from "../checks/stored-run.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import type { PendingTurn } from "./pending-turn.ts";
import { isEnded, postAfterLostRun } from "./released-claim.ts";
import { isWhole, type RoundLog } from "./round-log.ts";

/** A request whose Worker was killed. `answer` has status 0 where the connection broke. */
export type LostRequest = { key: string | undefined; answer: Answer };

/** Past the time in which a client may resume its run. */
const pastResumeWindow = "1 day";

/**
 * Recovers a run after a kill in one of three ways. The request is repeated with its key, and its Worker may be killed
 * again. Another post meets the expired claim, or the scheduled handler finds it: the run goes on by itself. In the
 * end the key of the request is answered, and the session takes a new turn.
 */
export async function recoverRun(pending: PendingTurn, lost: LostRequest, roundLog: RoundLog): Promise<void> {
  const { testbed, fixture, random } = pending;
  const { key } = lost;
  const recovery = random.pick(key === undefined ? others : (["same key", "same key", ...others] as const));
  roundLog.count(`by ${recovery}`);
  const worker = await testbed.takeWorker();
  const stored = await readStoredRun(testbed, fixture);
  if (key !== undefined && stored.isClaimed && random.chance(0.3)) {
    const early = await pending.send(worker, key);
    roundLog.expect("the same request under a live lease", early, early.body?.code === "turn_in_progress");
  }
  await fixture.expireLease(recovery === "scheduled" ? pastResumeWindow : undefined);
  let last = worker;
  if (key !== undefined && recovery === "same key")
    last = await repeatRequest(pending, worker, key, roundLog);
  else if (stored.isClaimed) roundLog.count("without its client");
  if (recovery === "scheduled") {
    await worker.callScheduled();
    if (!(await isEnded(fixture))) roundLog.violations.push("the scheduled handler left the claim");
  }
  const next = await postAfterLostRun(fixture, last);
  roundLog.expect("the next request", next, isWhole(next));
  roundLog.violations.push(...stored.paidTwice());
  if (key !== undefined) {
    const replayed = await pending.send(last, key);
    const isSame = lost.answer.status !== 201 || lost.answer.body.id === replayed.body?.id;
    // A retry that was never opened is refused once another turn has been stored.
    const isTooLate =
      pending.isRetry && replayed.body?.code === "not_latest_turn" && lost.answer.status === 0;
    roundLog.expect(
      "the key of the lost request",
      replayed,
      isTooLate || (replayed.status === 201 && isSame),
    );
  }
  roundLog.readLog(last);
  testbed.giveBack(last);
}

const others = ["another post", "scheduled"] as const;

/** Repeats a request with its key until a Worker answers it. Returns that Worker. */
async function repeatRequest(
  pending: PendingTurn,
  worker: Workerd,
  key: string,
  roundLog: RoundLog,
): Promise<Workerd> {
  const { testbed, fixture, random } = pending;
  if (random.chance(0.25)) {
    const again = pending.send(worker, key);
    await Promise.race([again, delay(random.between(0, 60))]);
    await worker.kill();
    await again;
    roundLog.count("kills");
    const stored = await readStoredRun(testbed, fixture);
    await fixture.expireLease();
    const last = await repeatRequest(pending, await testbed.takeWorker(), key, roundLog);
    roundLog.violations.push(...stored.paidTwice());
    return last;
  }
  const answer = await pending.send(worker, key);
  roundLog.expect("the same request", answer, isWhole(answer));
  roundLog.count(answer.headers.get("Idempotency-Replayed") === "true" ? "replayed" : "resumed");
  return worker;
}
