import { setTimeout as delay } from "node:timers/promises";
import { lookAtStoredRun } from "../judge/stored-run.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { isWhole, type Protocol } from "./protocol.ts";
import type { Stage } from "./stage.ts";

/** A request whose Worker is gone; `answer` is what its client got, status 0 where the connection broke. */
export type LostRequest = { key: string | undefined; answer: Answer };

/** Longer than any client's return is waited for. */
const farBack = "1 day";

/**
 * Goes on after a kill as it may happen: the request comes again with its key (and its Worker may be killed
 * again), another post meets the dead lease, or the scheduled handler settles. In the end the request's own key
 * is answered, and the session takes a new turn.
 */
export async function recoverRun(stage: Stage, lost: LostRequest, protocol: Protocol): Promise<void> {
  const { testbed, scene, random } = stage;
  const { key } = lost;
  const recovery = random.pick(key === undefined ? others : (["same key", "same key", ...others] as const));
  protocol.count(`by ${recovery}`);
  const worker = await testbed.takeWorker();
  const stored = await lookAtStoredRun(testbed, scene);
  if (key !== undefined && stored.isClaimed && random.chance(0.3)) {
    const early = await stage.send(worker, key);
    protocol.expect("the same request under a live lease", early, early.body?.code === "turn_in_progress");
  }
  await scene.lapse(recovery === "scheduled" ? farBack : undefined);
  let last = worker;
  if (key !== undefined && recovery === "same key") last = await repeatRequest(stage, worker, key, protocol);
  else if (stored.isClaimed) protocol.count("settled");
  if (recovery === "scheduled") {
    await worker.callScheduled();
    if ((await scene.claim()) !== undefined) protocol.violations.push("the scheduled handler left the claim");
  }
  protocol.violations.push(...stored.paidTwice());

  const next = await scene.post(last, { request: scene.nextRequest() });
  protocol.expect("the next request", next, isWhole(next));
  if (key !== undefined) {
    const replayed = await stage.send(last, key);
    const isSame = lost.answer.status !== 201 || lost.answer.body.id === replayed.body?.id;
    // A retry that was never opened comes too late after another turn.
    const isTooLate = stage.isRetry && replayed.body?.code === "not_latest_turn" && lost.answer.status === 0;
    protocol.expect(
      "the key of the lost request",
      replayed,
      isTooLate || (replayed.status === 201 && isSame),
    );
  }
  protocol.readLog(last);
  testbed.giveBack(last);
}

const others = ["another post", "scheduled"] as const;

/** Repeats a request with its key until a Worker lives to answer it; gives that Worker. */
async function repeatRequest(
  stage: Stage,
  worker: Workerd,
  key: string,
  protocol: Protocol,
): Promise<Workerd> {
  const { testbed, scene, random } = stage;
  if (random.chance(0.25)) {
    const again = stage.send(worker, key);
    await Promise.race([again, delay(random.between(0, 60))]);
    await worker.kill();
    await again;
    protocol.count("kills");
    const stored = await lookAtStoredRun(testbed, scene);
    await scene.lapse();
    const last = await repeatRequest(stage, await testbed.takeWorker(), key, protocol);
    protocol.violations.push(...stored.paidTwice());
    return last;
  }
  const answer = await stage.send(worker, key);
  protocol.expect("the same request", answer, isWhole(answer));
  protocol.count(answer.headers.get("Idempotency-Replayed") === "true" ? "replayed" : "resumed");
  return worker;
}
