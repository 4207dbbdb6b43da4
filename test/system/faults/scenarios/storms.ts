import { randomUUID } from "node:crypto";
import { turnConflictDetail } from "../../../../src/domain/turn/open-decision.ts";
import { firstAnswers } from "../../../support/first-answers.ts";
import { checkSession } from "../checks/session.ts";
import type { Scenario } from "../scenario.ts";
import type { Answer } from "../testbed/user.ts";
import { prepareTurn, restOfScript, testedModes } from "./pending-turn.ts";
import { createRoundLog } from "./round-log.ts";
import { answers, picks } from "./script.ts";

const postsAtOnce = 20;
const gate = "held until the others were refused";

/** The same request under one key, twenty times at once, over two Workers: one turn. */
export const keyStorms: Scenario = {
  name: "key-storms",
  rounds: { short: 2, long: 100 },
  async runRound(round) {
    const { testbed, index } = round;
    const workers = [await testbed.takeWorker(), await testbed.takeWorker()] as const;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const pending = await prepareTurn(round, workers[0], { mode });
    const { fixture, request, order } = pending;
    fixture.models.follow({ rules: restOfScript(pending) });
    const callsBefore = fixture.models.journal.entries.length;
    const key = randomUUID();
    const roundLog = createRoundLog();

    const posted = await Promise.all(
      Array.from({ length: postsAtOnce }, (_, n) => fixture.post(workers[n % 2 ? 1 : 0], { request, key })),
    );
    const stored = posted.filter(({ status }) => status === 201);
    roundLog.count("posts", posted.length);
    roundLog.count("answered with the turn", stored.length);
    for (const answer of posted) {
      const isTold = answer.status === 201 || answer.body?.code === "turn_in_progress";
      roundLog.expect("one of twenty", answer, isTold);
    }
    const again = await fixture.post(workers[0], { request, key });
    roundLog.expect("the same once more", again, again.headers.get("Idempotency-Replayed") === "true");
    const ids = new Set([...stored, again].map(({ body }) => body?.id));
    if (ids.size !== 1) roundLog.violations.push(`${ids.size} turns under one key`);
    const calls = fixture.models.journal.entries.length - callsBefore;
    const planned = order.length + (mode === "orchestrator" ? 1 : 0);
    if (calls !== planned) roundLog.violations.push(`${calls} calls instead of ${planned}`);
    for (const worker of workers) testbed.giveBack(worker);
    return checkSession(testbed, fixture, mode, roundLog);
  },
};

/** Twenty different requests to one session at once. One is run, and nineteen are refused before any model call. */
export const sessionStorms: Scenario = {
  name: "session-storms",
  rounds: { short: 1, long: 30 },
  async runRound(round) {
    const { testbed, index } = round;
    const workers = [await testbed.takeWorker(), await testbed.takeWorker()] as const;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const pending = await prepareTurn(round, workers[0], { mode });
    const { fixture, order } = pending;
    const held = order.map((key) => answers(key, { hold: gate }));
    fixture.models.follow({ rules: [picks(order), ...held] });
    const callsBefore = fixture.models.journal.entries.length;
    const roundLog = createRoundLog();

    const posts = Array.from({ length: postsAtOnce }, (_, n) =>
      fixture.post(workers[n % 2 ? 1 : 0], { request: fixture.nextRequest() }),
    );
    const losers = await firstAnswers(postsAtOnce - 1, posts);
    fixture.models.release(gate);
    const won = (await Promise.all(posts)).filter(({ status }) => status === 201);
    roundLog.count("posts", posts.length);
    roundLog.count("winners", won.length);
    roundLog.count("refused", losers.length);
    if (won.length !== 1) roundLog.violations.push(`${won.length} winners`);
    for (const loser of losers) roundLog.expect("a loser", loser, isConflictWith(won[0], loser));
    const calls = fixture.models.journal.entries.length - callsBefore;
    const planned = order.length + (mode === "orchestrator" ? 1 : 0);
    if (calls !== planned) roundLog.violations.push(`${calls} calls instead of the winner's ${planned}`);
    for (const worker of workers) testbed.giveBack(worker);
    return checkSession(testbed, fixture, mode, roundLog);
  },
};

function isConflictWith(winner: Answer | undefined, { status, body, headers }: Answer): boolean {
  return (
    status === 409 &&
    body.code === "turn_conflict" &&
    body.detail === turnConflictDetail &&
    body.turn_id === winner?.body.id &&
    Number(headers.get("Retry-After")) > 0
  );
}
