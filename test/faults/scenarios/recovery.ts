import { setTimeout as delay } from "node:timers/promises";
import { findPaidTwice, readStoredCalls } from "../judge/stored-answers.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import type { Stage } from "./stage.ts";

/** A request whose Worker is gone; `answer` is what its client got, status 0 where the connection broke. */
export type LostRequest = { key: string | undefined; answer: Answer };

export type Recovered = { counts: Record<string, number>; violations: string[]; trace: string[] };

/** Longer than any client's return is waited for. */
const farBack = "1 day";

/**
 * Goes on after a kill as it may happen: the request comes again with its key (and its Worker may be killed
 * again), another post meets the dead lease, or the scheduled handler settles. In the end the request's own key
 * is answered, and the session takes a new turn.
 */
export async function recoverRun(stage: Stage, lost: LostRequest): Promise<Recovered> {
  const { testbed, scene, request, random } = stage;
  const { key } = lost;
  const recovery = random.pick(key === undefined ? OTHERS : [SAME_KEY, SAME_KEY, ...OTHERS]);
  const counts: Record<string, number> = { kills: 1, [`by ${recovery}`]: 1 };
  const violations: string[] = [];
  const trace = [`recovered by ${recovery}`];
  const expect = (what: string, answer: Answer, fits: boolean) => {
    trace.push(`${what}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
    if (!fits)
      violations.push(
        `${what} was answered ${answer.status} ${answer.body?.code ?? answer.body?.status ?? ""}`,
      );
  };

  let worker = await testbed.takeWorker();
  const storedBefore = await lookAtStored(stage);
  if (key !== undefined && storedBefore.isClaimed && random.chance(0.3)) {
    const early = await scene.post(worker, { request, key });
    expect(
      "the same request under a live lease",
      early,
      early.status === 409 && early.body.code === "turn_in_progress",
    );
  }
  const repeats = recovery === SAME_KEY && random.chance(0.25) ? 2 : 1;
  let stored = storedBefore;
  if (recovery === SAME_KEY) {
    for (let left = repeats; left > 0; left -= 1) {
      await scene.lapse();
      const again = scene.post(worker, { request, key });
      if (left > 1) {
        await Promise.race([again, delay(random.between(0, 60))]);
        worker = await replaceWorker(stage, worker);
        counts.kills = (counts.kills ?? 0) + 1;
        await again;
        violations.push(...paidTwice(stage, stored));
        stored = await lookAtStored(stage);
      } else {
        const answer = await again;
        const isWhole = answer.status === 201 && answer.body.status === "completed";
        expect("the same request", answer, isWhole);
        const isReplay = answer.headers.get("Idempotency-Replayed") === "true";
        counts[isReplay ? "replayed" : "resumed"] = 1;
      }
    }
  } else if (recovery === "scheduled") {
    await scene.lapse(farBack);
    await worker.callScheduled();
    if ((await scene.claim()) !== undefined) violations.push("the scheduled handler left the claim");
    counts.settled = storedBefore.isClaimed ? 1 : 0;
  }
  violations.push(...paidTwice(stage, stored));

  if (recovery === "another post") await scene.lapse();
  const next = await scene.post(worker, { request: scene.nextRequest() });
  expect("the next request", next, next.status === 201 && next.body.status === "completed");
  if (recovery === "another post") counts.settled = storedBefore.isClaimed ? 1 : 0;
  if (key !== undefined) {
    const replayed = await scene.post(worker, { request, key });
    const isSame = lost.answer.status !== 201 || lost.answer.body.id === replayed.body?.id;
    expect("the key of the lost request", replayed, replayed.status === 201 && isSame);
  }
  trace.push(...worker.log.slice(-6).map((line) => JSON.stringify(line)));
  testbed.giveBack(worker);
  return { counts, violations, trace };
}

const SAME_KEY = "same key";
const OTHERS = ["another post", "scheduled"] as const;

/** What of the dead run is stored, once nothing that it sent is under way any more. */
type StoredRun = { isClaimed: boolean; known: number; calls: string[] };

async function lookAtStored({ testbed, scene }: Stage): Promise<StoredRun> {
  await testbed.gateway.idle();
  const { entries } = scene.models.journal;
  const claim = await scene.claim();
  return {
    isClaimed: claim !== undefined,
    known: entries.length,
    calls: await readStoredCalls(testbed.sql, scene.sessionId, entries),
  };
}

function paidTwice({ scene }: Stage, { known, calls }: StoredRun): string[] {
  return findPaidTwice(scene.models.journal.entries, known, calls);
}

async function replaceWorker({ testbed }: Stage, worker: Workerd): Promise<Workerd> {
  await worker.kill();
  return testbed.takeWorker();
}
