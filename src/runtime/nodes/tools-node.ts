import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import { bothFileTokens, createFileTokens, type FileTokens } from "../../domain/files/file-tokens.ts";
import { mayUse } from "../../domain/permissions.ts";
import type { RosterAgent } from "../../domain/plan/roster-agent.ts";
import type { Step } from "../../domain/plan/step.ts";
import type { AgentWork } from "../graph/agent-work.ts";
import { continueWork, type NodeContext, RunStopped } from "../graph/node-context.ts";
import type { RunStateUpdate, RunStateValue } from "../graph/run-state.ts";
import { fitStep } from "./step-context.ts";
import { executeCalls } from "./tool-calls.ts";

/**
 * The node `<step>.tools`: runs the pending calls in parallel and keeps their results in the order of the calls. Entered
 * before any model call, it runs the tool that the user's message itself asks for.
 */
export function createToolsNode(step: Pick<Step, "id" | "agent">, run: NodeContext) {
  return async (state: RunStateValue): Promise<RunStateUpdate> => {
    const { work, events, step: current } = continueWork(step, run, state);
    const triggered = work.pending.length === 0 ? triggeredCall(step.agent, run) : null;
    const calls = triggered === null ? work.pending : [triggered];
    if (triggered !== null) events.toolCalls(triggered.id, calls);
    const { toolRequests: round } = work;
    const isTriggered = triggered !== null;
    const fileTokens = bothFileTokens(run.limiter.fileTokens, agentFileTokens(run, state, current, work));
    const update = await executeCalls({ step, run, events, round, calls, isTriggered, fileTokens });
    // A tool that was cut off because the run stopped did not fail: a run that resumes calls it again.
    if (run.ports.stop.aborted) throw new RunStopped();
    return update;
  };
}

/** Tokens that a text takes in a result are more than its own: it is JSON in a fence. */
const resultShare = 1.25;

/** Tokens that are left for the agent's further calls and their refusals. */
const furtherCallTokens = 1_000;

/** File text that the agent's next prompt has room for. */
function agentFileTokens(run: NodeContext, state: RunStateValue, step: Step, work: AgentWork): FileTokens {
  if (!mayUse(step.agent.toolPermissions, "file_read")) return createFileTokens(0);
  const { roomTokens } = fitStep(run, state, step, work);
  return createFileTokens((roomTokens - furtherCallTokens) / resultShare);
}

/** The call that the user's message asks this agent for by its first words. */
export function triggeredCall(
  { toolPermissions }: RosterAgent,
  { context, ports }: NodeContext,
): ToolCallRequest | null {
  const trigger = ports.tools.trigger(context.userMessage, toolPermissions);
  return trigger === null ? null : { id: `trigger-${ports.newId()}`, ...trigger };
}
