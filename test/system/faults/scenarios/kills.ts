import { randomUUID } from "node:crypto";
import { checkSession } from "../checks/session.ts";
import type { Scenario } from "../scenario.ts";
import { failTurn, prepareTurn, restOfScript } from "./pending-turn.ts";
import { recoverRun } from "./recovery.ts";
import { createRoundLog } from "./round-log.ts";
import { stepOfRound } from "./steps.ts";

/** The Worker is killed at a step of its run, or at a random moment. Rounds go through modes and steps. */
export const kills: Scenario = {
  name: "kills",
  rounds: { short: 6, long: 210 },
  async runRound(round) {
    const { testbed, random, index } = round;
    const { mode, step } = stepOfRound(index);
    const worker = await testbed.takeWorker();
    const prepared = await prepareTurn(round, worker, {
      mode,
      withTools: step.withTools ?? false,
      priorTurns: random.pick([0, 0, 0, 1, 2]),
    });
    // A retry calls no manager, and runs failed agents only.
    const mayBeRetry = mode !== "orchestrator" && !step.needsAll && !step.withTools;
    const pending = mayBeRetry && random.chance(0.25) ? await failTurn(prepared, worker) : prepared;
    const { fixture } = pending;
    const armed = step.arm(pending);
    fixture.models.follow({ rules: [...armed.rules, ...restOfScript(pending)] });

    const key = random.chance(0.8) ? randomUUID() : undefined;
    const posted = pending.send(worker, key);
    const isReached = await Promise.race([armed.reached.then(() => true), posted.then(() => false)]);
    await worker.kill();
    fixture.models.follow({ rules: restOfScript(pending) });
    armed.release({ dropped: true });
    const roundLog = createRoundLog();
    roundLog.count("kills");
    if (!isReached) roundLog.count("too late");
    if (pending.isRetry) roundLog.count("of a retry");
    await recoverRun(pending, { key, answer: await posted }, roundLog);
    return checkSession(testbed, fixture, `${mode}, ${step.name}`, roundLog);
  },
};
