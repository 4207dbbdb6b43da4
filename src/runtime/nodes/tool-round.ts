import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { RosterAgent } from "../../domain/plan/turn-plan.ts";
import type { PrivateMessage, ToolEvent } from "../../domain/turn/turn-outcome.ts";
import type { AgentRun } from "../graph/agent-run.ts";
import type { AgentWork, TurnStateUpdate } from "../graph/turn-state.ts";
import type { ModelAnswer } from "../model/model-port.ts";
import type { AgentVoice } from "./agent-voice.ts";
import type { ToolExecution } from "./tool-port.ts";

/** After this many answers that asked for tools an agent must answer. */
export const mostToolRounds = 4;

type CompleteAnswer = Extract<ModelAnswer, { ok: true }>;

type ToolRound = {
  agent: RosterAgent;
  run: AgentRun;
  work: AgentWork;
  voice: AgentVoice;
  messageId: string;
  answer: Pick<CompleteAnswer, "text" | "toolCalls" | "providerFields">;
};

/** Whether an agent's last answer was refused all the tools it asked for: no step of theirs came between. */
export function askedInVain({ toolPermissions }: RosterAgent, { exchange }: AgentWork): boolean {
  const last = exchange.findLast((message) => "toolCalls" in message);
  return last?.toolCalls.every(({ name }) => !toolPermissions.includes(name)) ?? false;
}

/**
 * Takes in an answer that asks for tools: its calls wait for the agent's tools node. Where none of them is
 * permitted there may be no such node: they are refused here.
 */
export async function askForTools(round: ToolRound): Promise<TurnStateUpdate> {
  const { agent, run, work, voice, messageId, answer } = round;
  const { agentKey } = agent;
  const { text, toolCalls } = answer;
  const toolRounds = work.toolRounds + 1;
  const isPermitted = ({ name }: ToolCallRequest) => agent.toolPermissions.includes(name);
  const pending = toolCalls.some(isPermitted) ? [...toolCalls] : [];
  const refused = pending.length === 0 ? toolCalls : [];
  voice.callTools(messageId, toolCalls);
  const spoken: PrivateMessage[] =
    text === "" ? [] : [{ id: messageId, agentKey, role: "assistant", content: text }];
  const refusals = await executeCalls({ agent, run, voice, round: toolRounds, calls: refused });
  const asked = {
    role: "assistant" as const,
    content: text,
    toolCalls,
    ...(answer.providerFields === undefined ? {} : { fields: answer.providerFields }),
  };
  const exchange = [...work.exchange, asked, ...refusals.map(({ shown }) => shown)];
  return {
    work: { [agentKey]: { ...work, toolRounds, exchange, pending } },
    toolEvents: refusals.map(({ event }) => event),
    privateMessages: [...spoken, ...refusals.map(({ trace }) => trace)],
  };
}

type ToolCalls = {
  agent: RosterAgent;
  run: AgentRun;
  voice: AgentVoice;
  round: number;
  calls: readonly ToolCallRequest[];
};

/** Runs calls together and concludes them in their order. The tools check the permission once more. */
export async function executeCalls({ agent, run, voice, round, calls }: ToolCalls) {
  const { ports, signal } = run;
  const permissions = agent.toolPermissions;
  const executions = await Promise.all(
    calls.map(async (call) => ({
      call,
      execution: await ports.tools.execute({
        name: call.name,
        argumentsText: call.argumentsText,
        permissions,
        signal,
      }),
    })),
  );
  return executions.map(({ call, execution }) => {
    const traceId = ports.newId();
    const { content, toolName } = execution;
    voice.tellResult(call.id, traceId, content);
    return {
      shown: { role: "tool" as const, toolCallId: call.id, content },
      event: toEvent(agent.agentKey, round, execution, ports.newId()),
      trace: toTrace(agent.agentKey, toolName, content, traceId),
    };
  });
}

function toEvent(agentKey: string, round: number, execution: ToolExecution, id: string): ToolEvent {
  const { content, ...recorded } = execution;
  return { id, agentKey, round, ...recorded };
}

/** What the agent's later turns are shown of the call. */
function toTrace(agentKey: string, toolName: string, content: string, id: string): PrivateMessage {
  return {
    id,
    agentKey,
    role: "tool",
    content: `What your tool '${plainName(toolName)}' told you earlier:
${content}`,
  };
}

/** The name is the model's own text, and stands outside the fence. */
function plainName(toolName: string): string {
  return /^[\w.-]{1,64}$/.test(toolName) ? toolName : "unknown";
}
