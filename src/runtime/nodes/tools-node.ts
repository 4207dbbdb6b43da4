import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { RosterAgent } from "../../domain/plan/turn-plan.ts";
import { continueWork, type NodeContext, RunStopped } from "../graph/node-context.ts";
import type { TurnStateUpdate, TurnStateValue } from "../graph/turn-state.ts";
import { executeCalls } from "./tool-round.ts";

/**
 * The node `<key>.tools`: runs the calls that wait, together, and keeps their results in their order. Entered
 * before any call, it runs the tool that the user's message itself asks for.
 */
export function createToolsNode(agent: RosterAgent, run: NodeContext) {
  return async (state: TurnStateValue): Promise<TurnStateUpdate> => {
    const { work, voice } = continueWork(agent, run, state);
    const triggered = work.pending.length === 0 ? triggeredCall(agent, run) : null;
    const calls = triggered === null ? work.pending : [triggered];
    if (triggered !== null) voice.callTools(triggered.id, calls);
    const { agentRunId, toolRounds: round } = work;
    const isTriggered = triggered !== null;
    const told = await executeCalls({ agent, run, voice, agentRunId, round, calls, isTriggered });
    // A tool that was cut off because the run stopped did not fail: whoever resumes asks it again.
    if (run.ports.stop.aborted) throw new RunStopped();
    return told;
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
