import type { SameTurnAnswer } from "../../domain/context/prompt.ts";
import type { Step } from "../../domain/plan/step.ts";
import { takenSteps } from "../../domain/plan/taken-steps.ts";
import { replyContent } from "../../domain/turn/turn-outcome.ts";
import type { NodeContext } from "../graph/node-context.ts";
import { entryOf, type RunStateValue } from "../graph/run-state.ts";

/** The replies of this run's steps, in the order of the plan; a failure is shown as it is stored. */
export function answersSoFar(
  { plan }: Pick<NodeContext, "plan">,
  { replies, decisions }: RunStateValue,
  only: (step: Step) => boolean = () => true,
): SameTurnAnswer[] {
  return takenSteps(plan, decisions)
    .filter(only)
    .flatMap(({ id, agent: { agentKey, name } }): SameTurnAnswer[] => {
      const reply = entryOf(replies, id);
      return reply === undefined ? [] : [{ agentKey, agentName: name, content: replyContent(name, reply) }];
    });
}

/** The answers of the same turn that a step is sent: those that a retry keeps, and those of the steps that it sees. */
export function sameTurnAnswersFor(
  run: Pick<NodeContext, "plan" | "context">,
  state: RunStateValue,
  { sees }: Pick<Step, "sees">,
): SameTurnAnswer[] {
  return [...run.context.storedAnswers, ...answersSoFar(run, state, ({ id }) => sees.includes(id))];
}
