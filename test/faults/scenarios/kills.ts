import { randomUUID } from "node:crypto";
import { judgeScene } from "../judge/scene.ts";
import type { Scenario } from "../scenario.ts";
import { recoverRun } from "./recovery.ts";
import { restOfScript, setStage, stagedModes } from "./stage.ts";
import { runSteps } from "./steps.ts";

/** The Worker is killed at a step of its run, or anywhere, in turn through modes and steps. */
export const kills: Scenario = {
  name: "kills",
  rounds: { short: 9, long: 210 },
  async play(round) {
    const { testbed, random, index } = round;
    const mode = stagedModes[index % stagedModes.length] ?? "manual";
    const steps = runSteps.filter((step) => step.modes.includes(mode));
    const step = steps[Math.floor(index / stagedModes.length) % steps.length] ?? random.pick(steps);
    const worker = await testbed.takeWorker();
    const stage = await setStage(round, worker, { mode, withTools: step.withTools ?? false });
    const { scene, request } = stage;
    const armed = step.arm(stage);
    scene.models.follow({ rules: [...armed.rules, ...restOfScript(stage)] });

    const key = random.chance(0.8) ? randomUUID() : undefined;
    const posted = scene.post(worker, { request, key });
    const isReached = await Promise.race([armed.reached.then(() => true), posted.then(() => false)]);
    await worker.kill();
    armed.letGo();
    const recovered = await recoverRun(stage, { key, answer: await posted });
    const { counts, violations } = await judgeScene(testbed, scene);
    return {
      what: `${mode}, ${step.name}`,
      counts: { ...recovered.counts, ...counts, ...(isReached ? {} : { "too late": 1 }) },
      violations: [...recovered.violations, ...violations],
      trace: [`key ${key}`, ...recovered.trace],
    };
  },
};
