import { randomUUID } from "node:crypto";
import { checkSession } from "../checks/session.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import type { SessionFixture } from "../testbed/session-fixture.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { drainQueue } from "./drain-queue.ts";
import { prepareTurn, restOfScript, testedModes } from "./pending-turn.ts";
import { createRoundLog, isWhole, type RoundLog } from "./round-log.ts";

const posts = 6;
const settings = { TURN_LEASE_MS: "6000" };

/**
 * Two objects serve one session, as where a network is divided: each Worker has objects of its own. Both are given posts to
 * the queue, each post under its key to both of them. Each is one turn, in the order of the queue.
 */
export const twoObjects: Scenario = {
  name: "two-objects",
  rounds: { short: 1, long: 40 },
  lanes: 2,
  async runRound(round) {
    const { testbed, random, index } = round;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const workers = [await testbed.startWorker(settings), await testbed.startWorker(settings)] as const;
    const pending = await prepareTurn(round, workers[0], { mode });
    const { fixture } = pending;
    fixture.models.follow({ rules: restOfScript(pending) });
    const roundLog = createRoundLog();
    const taken: string[] = [];
    for (let post = 1; post <= posts; post += 1) {
      taken.push(await postToBoth(fixture, { workers, random }, roundLog));
    }
    await drainQueue(testbed, fixture, workers, roundLog);

    const { rows } = await testbed.sql.query(
      "select id from turns where session_id = $1 order by turn_index",
      [fixture.sessionId],
    );
    const ran = rows.map(({ id }) => id);
    if (ran.join() !== taken.join()) {
      roundLog.violations.push(`the turns ${taken.join(", ")} were stored as ${ran.join(", ")}`);
    }
    const next = await fixture.post(random.pick(workers), { request: fixture.nextRequest() });
    roundLog.expect("the next request", next, isWhole(next));
    for (const worker of workers) {
      roundLog.readLog(worker);
      await worker.kill();
    }
    return checkSession(testbed, fixture, mode, roundLog);
  },
};

type Workers = { workers: readonly [Workerd, Workerd]; random: Random };

/** The same post to one Worker and then, or at once, to the other. Returns the id of its turn. */
async function postToBoth(
  fixture: SessionFixture,
  { workers, random }: Workers,
  roundLog: RoundLog,
): Promise<string> {
  const call = {
    body: { message: fixture.messageOf(fixture.nextRequest()) },
    headers: { "Idempotency-Key": randomUUID() },
  };
  const post = ({ url }: Workerd) =>
    fixture.user.call(url, "POST", `/sessions/${fixture.sessionId}/turns/queue`, call);
  const [one, other] = random.chance(0.5) ? workers : ([workers[1], workers[0]] as const);
  const answers = random.chance(0.5)
    ? await Promise.all([post(one), post(other)])
    : [await post(one), await post(other)];
  for (const answer of answers) roundLog.expect("a post to the queue", answer, answer.status === 202);
  for (const { body } of answers) roundLog.count(body?.status ?? "none");
  const ids = new Set(answers.map(({ body }) => body?.id));
  if (ids.size !== 1) roundLog.violations.push(`one key has ${ids.size} turns`);
  return answers[0]?.body?.id ?? "none";
}
