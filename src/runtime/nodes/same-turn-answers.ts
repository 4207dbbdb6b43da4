import type { SameTurnAnswer } from "../../domain/context/prompt.ts";
import { replyContent } from "../../domain/turn/turn-outcome.ts";
import type { NodeContext } from "../graph/node-context.ts";
import { entryOf, type TurnStateValue } from "../graph/turn-state.ts";

/** The earlier answers of this turn, in the order of answers. A failure is shown as it is stored. */
export function sameTurnAnswersFor(
  { plan, context }: NodeContext,
  { replies, routing }: TurnStateValue,
): SameTurnAnswer[] {
  const order = routing?.selectedKeys ?? plan.agents.map(({ agentKey }) => agentKey);
  const names = new Map(plan.agents.map(({ agentKey, name }) => [agentKey, name]));
  const answered = order.flatMap((agentKey): SameTurnAnswer[] => {
    const reply = entryOf(replies, agentKey);
    if (reply === undefined) return [];
    const agentName = names.get(agentKey) ?? agentKey;
    return [{ agentKey, agentName, content: replyContent(agentName, reply) }];
  });
  return [...context.storedAnswers, ...answered];
}
