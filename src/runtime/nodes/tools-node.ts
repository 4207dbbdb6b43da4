import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { RosterAgent } from "../../domain/plan/turn-plan.ts";
import { continueWork, type NodeContext, RunStopped } from "../graph/node-context.ts";
import type { TurnStateUpdate, TurnStateValue } from "../graph/turn-state.ts";
import { executeCalls } from "./tool-round.ts";

/**
 * The node `<key>.tools`: runs the pending calls in parallel and keeps their results in the order of the calls. Entered
 * before any model call, it runs the tool that the user's message itself asks for.
 */
export function createToolsNode(agent: RosterAgent, run: NodeContext) {
  return async (state: TurnStateValue): Promise<TurnStateUpdate> => {
    const { work, events } = continueWork(agent, run, state);
    const triggered = work.pending.length === 0 ? triggeredCall(agent, run) : null;
    const calls = triggered === null ? work.pending : [triggered];
    if (triggered !== null) events.toolCalls(triggered.id, calls);
    const { agentRunId, toolRounds: round } = work;
    const isTriggered = triggered !== null;
    const update = await executeCalls({ agent, run, events, agentRunId, round, calls, isTriggered });
    // A tool that was cut off because the run stopped did not fail: a run that resumes calls it again.
    if (run.ports.stop.aborted) throw new RunStopped();
    return update;
  };
}

/** The call that the user's message asks this agent for by its first words. */
export function triggeredCall(
  { toolPermissions }: RosterAgent,
  { context, ports }: NodeContext,
): ToolCallRequest | null {
  const trigger = ports.tools.trigger(context.userMessage, toolPermissions);
  return trigger === null ? null : { id: `trigger-${ports.newId()}`, ...trigger };
}
