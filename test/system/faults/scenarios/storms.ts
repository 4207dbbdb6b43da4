import { randomUUID } from "node:crypto";
import { turnConflictDetail } from "../../../../src/domain/turn/open-decision.ts";
import { firstAnswers } from "../../../support/first-answers.ts";
import { judgeScene } from "../judge/scene.ts";
import type { Scenario } from "../scenario.ts";
import type { Answer } from "../testbed/user.ts";
import { createProtocol } from "./protocol.ts";
import { answers, picks } from "./script.ts";
import { restOfScript, setStage, stagedModes } from "./stage.ts";

const postsAtOnce = 20;
const gate = "held until the others were refused";

/** The same request under one key, twenty times at once, over two Workers: one turn. */
export const keyStorms: Scenario = {
  name: "key-storms",
  rounds: { short: 2, long: 100 },
  async play(round) {
    const { testbed, index } = round;
    const workers = [await testbed.takeWorker(), await testbed.takeWorker()] as const;
    const mode = stagedModes[index % stagedModes.length] ?? "manual";
    const stage = await setStage(round, workers[0], { mode });
    const { scene, request, order } = stage;
    scene.models.follow({ rules: restOfScript(stage) });
    const callsBefore = scene.models.journal.entries.length;
    const key = randomUUID();
    const protocol = createProtocol();

    const posted = await Promise.all(
      Array.from({ length: postsAtOnce }, (_, n) => scene.post(workers[n % 2 ? 1 : 0], { request, key })),
    );
    const stored = posted.filter(({ status }) => status === 201);
    protocol.count("posts", posted.length);
    protocol.count("answered with the turn", stored.length);
    for (const answer of posted) {
      const isTold = answer.status === 201 || answer.body?.code === "turn_in_progress";
      protocol.expect("one of twenty", answer, isTold);
    }
    const again = await scene.post(workers[0], { request, key });
    protocol.expect("the same once more", again, again.headers.get("Idempotency-Replayed") === "true");
    const ids = new Set([...stored, again].map(({ body }) => body?.id));
    if (ids.size !== 1) protocol.violations.push(`${ids.size} turns under one key`);
    const calls = scene.models.journal.entries.length - callsBefore;
    const planned = order.length + (mode === "orchestrator" ? 1 : 0);
    if (calls !== planned) protocol.violations.push(`${calls} calls instead of ${planned}`);
    for (const worker of workers) testbed.giveBack(worker);
    return judgeScene(testbed, scene, mode, protocol);
  },
};

/** Twenty different requests on one session at once: one wins, nineteen are told so before any model is asked. */
export const sessionStorms: Scenario = {
  name: "session-storms",
  rounds: { short: 1, long: 30 },
  async play(round) {
    const { testbed, index } = round;
    const workers = [await testbed.takeWorker(), await testbed.takeWorker()] as const;
    const mode = stagedModes[index % stagedModes.length] ?? "manual";
    const stage = await setStage(round, workers[0], { mode });
    const { scene, order } = stage;
    const held = order.map((key) => answers(key, { hold: gate }));
    scene.models.follow({ rules: [picks(order), ...held] });
    const callsBefore = scene.models.journal.entries.length;
    const protocol = createProtocol();

    const posts = Array.from({ length: postsAtOnce }, (_, n) =>
      scene.post(workers[n % 2 ? 1 : 0], { request: scene.nextRequest() }),
    );
    const losers = await firstAnswers(postsAtOnce - 1, posts);
    scene.models.release(gate);
    const won = (await Promise.all(posts)).filter(({ status }) => status === 201);
    protocol.count("posts", posts.length);
    protocol.count("winners", won.length);
    protocol.count("refused", losers.length);
    if (won.length !== 1) protocol.violations.push(`${won.length} winners`);
    for (const loser of losers) protocol.expect("a loser", loser, isConflictWith(won[0], loser));
    const calls = scene.models.journal.entries.length - callsBefore;
    const planned = order.length + (mode === "orchestrator" ? 1 : 0);
    if (calls !== planned) protocol.violations.push(`${calls} calls instead of the winner's ${planned}`);
    for (const worker of workers) testbed.giveBack(worker);
    return judgeScene(testbed, scene, mode, protocol);
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
