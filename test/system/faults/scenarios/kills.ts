import { checkSession } from "../checks/session.ts";
import type { Scenario } from "../scenario.ts";
import { killAndRecover } from "./kill-and-recover.ts";
import { failTurn, prepareTurn, restOfScript } from "./pending-turn.ts";
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
    const roundLog = await killAndRecover(pending, worker, step.arm(pending), () => restOfScript(pending));
    return checkSession(testbed, pending.fixture, `${mode}, ${step.name}`, roundLog);
  },
};
