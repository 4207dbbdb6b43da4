import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSession } from "../checks/session.ts";
import type { Scenario } from "../scenario.ts";
import type { SessionFixture } from "../testbed/session-fixture.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { drainQueue } from "./drain-queue.ts";
import { prepareTurn, restOfScript, testedModes } from "./pending-turn.ts";
import { createRoundLog, type RoundLog } from "./round-log.ts";

const posts = 10;
const settings = { TURN_LEASE_MS: "3000" };

/**
 * Ten posts to the queue while others are posted directly; the Worker is killed in between, and another is started on its
 * storage. Each of the ten is one turn, in the order in which they were taken.
 */
export const queues: Scenario = {
  name: "queues",
  rounds: { short: 1, long: 30 },
  async runRound(round) {
    const { testbed, random, index } = round;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const objectsDir = await mkdtemp(join(tmpdir(), "pantheon-queue-"));
    let worker = await testbed.startWorker(settings, { objectsDir });
    const pending = await prepareTurn(round, worker, { mode });
    const { fixture } = pending;
    fixture.models.follow({ rules: restOfScript(pending) });
    const roundLog = createRoundLog();
    const killAfter = random.between(1, posts - 1);
    const taken: string[] = [];
    const direct: Promise<void>[] = [];
    for (let post = 1; post <= posts; post += 1) {
      direct.push(postDirectly(fixture, worker, roundLog));
      taken.push(await postToQueue(fixture, worker, roundLog));
      if (post !== killAfter) continue;
      await worker.kill();
      worker = await testbed.startWorker(settings, { objectsDir });
    }
    await Promise.all(direct);
    await drainQueue(testbed, fixture, [worker], roundLog);

    const { rows } = await testbed.sql.query(
      "select id from turns where session_id = $1 order by turn_index",
      [fixture.sessionId],
    );
    const ran = rows.map(({ id }) => id).filter((id) => taken.includes(id));
    if (ran.join() !== taken.join()) {
      roundLog.violations.push(`the turns ${taken.join(", ")} were stored as ${ran.join(", ")}`);
    }
    roundLog.readLog(worker);
    await worker.kill();
    await rm(objectsDir, { recursive: true, force: true });
    return checkSession(testbed, fixture, mode, roundLog);
  },
};

/** Repeats a request whose answer was lost. Returns the turn's id. */
async function postToQueue(fixture: SessionFixture, worker: Workerd, roundLog: RoundLog): Promise<string> {
  const path = `/sessions/${fixture.sessionId}/turns/queue`;
  const call = {
    body: { message: fixture.messageOf(fixture.nextRequest()) },
    headers: { "Idempotency-Key": randomUUID() },
  };
  const answer = await fixture.user.call(worker.url, "POST", path, call);
  roundLog.expect("a post to the queue", answer, answer.status === 202);
  roundLog.count(answer.body?.status ?? "none");
  return answer.body?.id ?? "none";
}

/** Another client's turn. It runs, or is refused: the session is busy. One whose Worker is killed has no answer. */
async function postDirectly(fixture: SessionFixture, worker: Workerd, roundLog: RoundLog): Promise<void> {
  const answer = await fixture.post(worker, { request: fixture.nextRequest(), key: randomUUID() });
  const code = answer.body?.code;
  const isTold = answer.status === 201 || code === "turn_conflict" || code === "turn_in_progress";
  roundLog.expect("a direct post", answer, isTold || answer.status === 0);
  roundLog.count(answer.status === 201 ? "direct turns" : "direct posts without a turn");
}
