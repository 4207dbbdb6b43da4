import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { RosterAgent } from "../../domain/plan/roster-agent.ts";
import type { Step } from "../../domain/plan/step.ts";
import { continueWork, type NodeContext, RunStopped } from "../graph/node-context.ts";
import type { RunStateUpdate, RunStateValue } from "../graph/run-state.ts";
import { executeCalls } from "./tool-calls.ts";

/**
 * The node `<step>.tools`: runs the pending calls in parallel and keeps their results in the order of the calls. Entered
 * before any model call, it runs the tool that the user's message itself asks for.
 */
export function createToolsNode(step: Pick<Step, "id" | "agent">, run: NodeContext) {
  return async (state: RunStateValue): Promise<RunStateUpdate> => {
    const { work, events } = continueWork(step, run, state);
    const triggered = work.pending.length === 0 ? triggeredCall(step.agent, run) : null;
    const calls = triggered === null ? work.pending : [triggered];
    if (triggered !== null) events.toolCalls(triggered.id, calls);
    const { toolRequests: round } = work;
    const isTriggered = triggered !== null;
    const update = await executeCalls({ step, run, events, round, calls, isTriggered });
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
