import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { RosterAgent } from "../../domain/plan/turn-plan.ts";
import type { ToolExecution } from "../../domain/tool.ts";
import type { ToolEvent } from "../../domain/turn/turn-outcome.ts";
import type { AgentWork } from "../graph/agent-work.ts";
import type { NodeContext } from "../graph/node-context.ts";
import type { ToolMessage, TurnStateUpdate } from "../graph/turn-state.ts";
import type { ModelAnswer } from "../model/model-port.ts";
import type { AgentEvents } from "./agent-events.ts";
import { refuseCall } from "./tool-refusal.ts";

/** After this many answers that asked for tools an agent must answer. */
export const maxToolRounds = 4;

type CompleteAnswer = Extract<ModelAnswer, { ok: true }>;

type ToolRound = {
  agent: RosterAgent;
  run: NodeContext;
  work: AgentWork & { agentRunId: string };
  voice: AgentEvents;
  messageId: string;
  answer: Pick<CompleteAnswer, "text" | "toolCalls" | "providerFields">;
};

/** Whether an agent's last answer was refused all the tools it asked for: no step of theirs came between. */
export function lastCallsAllDenied({ toolPermissions }: RosterAgent, { exchange }: AgentWork): boolean {
  const last = exchange.findLast((message) => "toolCalls" in message);
  return last?.toolCalls.every(({ name }) => !toolPermissions.includes(name)) ?? false;
}

/**
 * Takes in an answer that asks for tools: its calls wait for the agent's tools node. Where none of them is
 * permitted there may be no such node: they are refused here. Null: the turn has no room for the answer.
 */
export async function askForTools(round: ToolRound): Promise<TurnStateUpdate | null> {
  const { agent, run, work, voice, messageId, answer } = round;
  const { agentKey } = agent;
  const { agentRunId } = work;
  const { text, toolCalls } = answer;
  const bare = { role: "assistant" as const, content: text, toolCalls };
  const whole = answer.providerFields === undefined ? bare : { ...bare, fields: answer.providerFields };
  // An answer goes on without its provider's fields rather than not at all.
  const message = [whole, bare].find((one) => run.size.takeModelText(one));
  if (message === undefined) return null;
  const isPending = toolCalls.some(({ name }) => agent.toolPermissions.includes(name));
  const asked: ToolMessage = { kind: "asked", id: messageId, agentKey, agentRunId, message, isPending };
  voice.callTools(messageId, toolCalls);
  const refusals = await executeCalls({
    agent,
    run,
    voice,
    agentRunId,
    round: work.toolRounds + 1,
    calls: isPending ? [] : toolCalls,
    isTriggered: false,
  });
  return { toolMessages: [asked, ...refusals.toolMessages], toolEvents: refusals.toolEvents };
}

type ToolCalls = {
  agent: RosterAgent;
  run: NodeContext;
  voice: AgentEvents;
  agentRunId: string;
  round: number;
  calls: readonly ToolCallRequest[];
  isTriggered: boolean;
};

/**
 * Runs the calls of one answer together and concludes them in their order. The tools check the permission once more.
 * A call that the turn has no room for is refused, and told as a result like any other.
 */
export async function executeCalls({ agent, run, voice, agentRunId, round, calls, isTriggered }: ToolCalls) {
  const executions = await Promise.all(calls.map((call, place) => executeCall(agent, run, call, place + 1)));
  const { agentKey } = agent;
  const toolMessages: ToolMessage[] = [];
  const toolEvents: ToolEvent[] = [];
  for (const { call, execution, hadRoom } of executions) {
    const { content, ...recorded } = execution;
    const id = run.ports.newId();
    voice.tellResult(call.id, id, content);
    toolMessages.push({
      kind: "told",
      id,
      agentKey,
      agentRunId,
      message: { role: "tool", toolCallId: call.id, content },
      toolName: execution.toolName,
      isTriggered,
      hadRoom,
    });
    toolEvents.push({ id: run.ports.newId(), agentKey, round, ...recorded });
  }
  return { toolMessages, toolEvents };
}

type ConcludedCall = { call: ToolCallRequest; execution: ToolExecution; hadRoom: boolean };

async function executeCall(
  agent: RosterAgent,
  { ports, signal, size, identity }: NodeContext,
  call: ToolCallRequest,
  nthOfAnswer: number,
): Promise<ConcludedCall> {
  const end = size.beginToolCall(agent.agentKey, nthOfAnswer);
  if (end === null) return { call, execution: refuseCall(call), hadRoom: false };
  const { name, argumentsText } = call;
  const permissions = agent.toolPermissions;
  const context = { ...identity, signal };
  const execution = await ports.tools.execute({ name, argumentsText, permissions, context });
  end(execution.content);
  return { call, execution, hadRoom: true };
}
