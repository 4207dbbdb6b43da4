import { agentStepId, synthesisStepId } from "../../../../src/domain/plan/step.ts";
import type { ModelRule } from "../../../support/node/model-script.ts";
import type { Round } from "../scenario.ts";
import { createSessionFixture } from "../testbed/session-fixture.ts";
import type { Workerd } from "../testbed/workerd.ts";
import type { PendingTurn } from "./pending-turn.ts";
import { answers, answersAgain, picks, picksAgain, synthesises } from "./script.ts";

/** A turn of two rounds with a synthesis, of which one agent is asked twice. */
export type RoundTurn = PendingTurn & {
  /** Whom the manager picks in the second round. */
  laterOrder: readonly string[];
  /** Ids of the steps that reply, in order. */
  steps: readonly string[];
};

const agents = ["ada", "bob", "cy", "dee"];

/** Creates a room and prepares its next turn, after `priorTurns` of the same kind. */
export async function prepareRoundTurn(
  { testbed, random }: Round,
  worker: Workerd,
  { withTools, priorTurns }: { withTools: boolean; priorTurns: number },
): Promise<RoundTurn> {
  const orchestration = { max_rounds: 2, synthesis: random.pick(["manager", ...agents]) };
  const fixture = await createSessionFixture(testbed, worker, {
    mode: "orchestrator",
    agents,
    withTools,
    orchestration,
  });
  const [first = "", second = "", third = ""] = [...agents].sort(() => random.next() - 0.5);
  const turn = {
    testbed,
    random,
    fixture,
    order: [first, second],
    laterOrder: [first, third],
    steps: [
      ...[first, second].map((key) => agentStepId(key, 1)),
      agentStepId(first, 2),
      agentStepId(third, 1),
      synthesisStepId,
    ],
    isRetry: false,
  };
  for (let turns = 0; turns < priorTurns; turns += 1) {
    fixture.models.follow({ rules: scriptOf(turn) });
    const { status } = await fixture.post(worker, { request: fixture.nextRequest() });
    if (status !== 201) throw new Error(`a turn without any fault was answered ${status}`);
  }
  const request = fixture.nextRequest();
  return { ...turn, request, send: (on, key) => fixture.post(on, { request, key }) };
}

/** The manager picks twice, and everybody answers completely, each after a random delay. */
export function scriptOf({
  random,
  fixture,
  order,
  laterOrder,
}: Pick<RoundTurn, "random" | "fixture" | "order" | "laterOrder">): ModelRule[] {
  const soon = () => ({ delay_ms: random.between(0, 6) });
  return [
    picksAgain(laterOrder),
    picks(order),
    synthesises(soon()),
    ...fixture.agents.flatMap((key) => [answersAgain(key, soon()), answers(key, soon())]),
  ];
}
