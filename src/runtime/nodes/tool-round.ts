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
  events: AgentEvents;
  messageId: string;
  answer: Pick<CompleteAnswer, "text" | "toolCalls" | "providerFields">;
};

/** Whether all tool calls of the agent's last answer were denied. Such calls have no checkpoint of their own. */
export function lastCallsAllDenied({ toolPermissions }: RosterAgent, { toolMessages }: AgentWork): boolean {
  const last = toolMessages.findLast((message) => "toolCalls" in message);
  return last?.toolCalls.every(({ name }) => !toolPermissions.includes(name)) ?? false;
}

/**
 * Keeps an answer that asks for tools. Its calls wait for the agent's tools node. An agent without permissions has no
 * tools node, so its calls are denied here. Null: the turn has no room for the answer.
 */
export async function askForTools(round: ToolRound): Promise<TurnStateUpdate | null> {
  const { agent, run, work, events, messageId, answer } = round;
  const { agentKey } = agent;
  const { agentRunId } = work;
  const { text, toolCalls } = answer;
  const bare = { role: "assistant" as const, content: text, toolCalls };
  const whole = answer.providerFields === undefined ? bare : { ...bare, fields: answer.providerFields };
  // Where both do not fit, the answer is kept without its provider's fields.
  const message = [whole, bare].find((candidate) => run.size.takeModelText(candidate));
  if (message === undefined) return null;
  const isPending = toolCalls.some(({ name }) => agent.toolPermissions.includes(name));
  const asked: ToolMessage = { kind: "asked", id: messageId, agentKey, agentRunId, message, isPending };
  events.toolCalls(messageId, toolCalls);
  const refusals = await executeCalls({
    agent,
    run,
    events,
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
  events: AgentEvents;
  agentRunId: string;
  round: number;
  calls: readonly ToolCallRequest[];
  isTriggered: boolean;
};

/**
 * Runs the calls of one answer in parallel and returns their results in the order of the calls. The tools check the
 * permission again. A call that the turn has no room for is refused; its refusal is a result like any other.
 */
export async function executeCalls({ agent, run, events, agentRunId, round, calls, isTriggered }: ToolCalls) {
  const executions = await Promise.all(calls.map((call, index) => executeCall(agent, run, call, index + 1)));
  const { agentKey } = agent;
  const toolMessages: ToolMessage[] = [];
  const toolEvents: ToolEvent[] = [];
  for (const { call, execution, hadRoom } of executions) {
    const { content, ...recorded } = execution;
    const id = run.ports.newId();
    events.toolResult(call.id, id, content);
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

type ToolCallResult = { call: ToolCallRequest; execution: ToolExecution; hadRoom: boolean };

async function executeCall(
  agent: RosterAgent,
  { ports, signal, size, identity }: NodeContext,
  call: ToolCallRequest,
  nthOfAnswer: number,
): Promise<ToolCallResult> {
  const end = size.beginToolCall(agent.agentKey, nthOfAnswer);
  if (end === null) return { call, execution: refuseCall(call), hadRoom: false };
  const { name, argumentsText } = call;
  const permissions = agent.toolPermissions;
  const context = { ...identity, signal };
  const execution = await ports.tools.execute({ name, argumentsText, permissions, context });
  end(execution.content);
  return { call, execution, hadRoom: true };
}
