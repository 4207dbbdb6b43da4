import { randomUUID } from "node:crypto";
import { judgeScene } from "../judge/scene.ts";
import type { Scenario } from "../scenario.ts";
import { createProtocol } from "./protocol.ts";
import { recoverRun } from "./recovery.ts";
import { failTurn, restOfScript, setStage } from "./stage.ts";
import { stepOfRound } from "./steps.ts";

/** The Worker is killed at a step of its run, or anywhere, in turn through modes and steps. */
export const kills: Scenario = {
  name: "kills",
  rounds: { short: 6, long: 210 },
  async play(round) {
    const { testbed, random, index } = round;
    const { mode, step } = stepOfRound(index);
    const worker = await testbed.takeWorker();
    const staged = await setStage(round, worker, {
      mode,
      withTools: step.withTools ?? false,
      turnsBehind: random.pick([0, 0, 0, 1, 2]),
    });
    // A retry asks no manager, and answers only for those who failed.
    const mayBeRetry = mode !== "orchestrator" && !step.needsAll && !step.withTools;
    const stage = mayBeRetry && random.chance(0.25) ? await failTurn(staged, worker) : staged;
    const { scene } = stage;
    const armed = step.arm(stage);
    scene.models.follow({ rules: [...armed.rules, ...restOfScript(stage)] });

    const key = random.chance(0.8) ? randomUUID() : undefined;
    const posted = stage.send(worker, key);
    const isReached = await Promise.race([armed.reached.then(() => true), posted.then(() => false)]);
    await worker.kill();
    scene.models.follow({ rules: restOfScript(stage) });
    armed.letGo({ dropped: true });
    const protocol = createProtocol();
    protocol.count("kills");
    if (!isReached) protocol.count("too late");
    if (stage.isRetry) protocol.count("of a retry");
    await recoverRun(stage, { key, answer: await posted }, protocol);
    return judgeScene(testbed, scene, `${mode}, ${step.name}`, protocol);
  },
};
