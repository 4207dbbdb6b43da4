import { checkSession } from "../checks/session.ts";
import { readSessionRows } from "../checks/session-rows.ts";
import type { Scenario } from "../scenario.ts";
import { killAndRecover } from "./kill-and-recover.ts";
import { roundStepCount, roundStepOf } from "./round-steps.ts";
import { prepareRoundTurn, type RoundTurn, scriptOf } from "./round-turn.ts";

const timesEach = 6;

/** The Worker is killed at each step of a turn of two rounds with a synthesis. */
export const killedRounds: Scenario = {
  name: "rounds",
  rounds: { short: 6, long: roundStepCount * timesEach },
  async runRound(round) {
    const { testbed, random, index } = round;
    const step = roundStepOf(index);
    const worker = await testbed.takeWorker();
    const turn = await prepareRoundTurn(round, worker, {
      withTools: step.withTools ?? false,
      priorTurns: random.pick([0, 0, 0, 1, 2]),
    });
    const roundLog = await killAndRecover(turn, worker, step.arm(turn), () => scriptOf(turn));
    roundLog.violations.push(...(await findOtherSteps(turn)));
    return checkSession(testbed, turn.fixture, step.name, roundLog);
  },
};

/** A completed turn has one reply of each step, in the order in which the manager picked them. */
async function findOtherSteps({ testbed, fixture, steps }: RoundTurn): Promise<string[]> {
  const { turns, messages } = await readSessionRows(testbed.sql, fixture.sessionId);
  return turns.flatMap(({ id, status, turn_index: index }) => {
    const replies = messages.filter(
      (message) => message.turn_id === id && message.role === "assistant" && message.visibility === "shared",
    );
    const replied = replies.map(({ step }) => step).join(", ");
    return status !== "completed" || replied === steps.join(", ") ? [] : [`turn ${index} has ${replied}`];
  });
}
