import type { ToolCallRequest } from "../domain/prompt.ts";
import type { PrivateMessage, ToolEvent } from "../domain/turn-outcome.ts";
import type { RosterAgent } from "../domain/turn-plan.ts";
import { fenceUntrusted } from "../domain/untrusted-text.ts";
import type { AgentRun } from "./agent-run.ts";
import type { AgentVoice } from "./agent-voice.ts";
import type { ToolExecution } from "./tool-port.ts";
import type { AgentWork, TurnStateUpdate } from "./turn-state.ts";

/** After this many answers that asked for tools an agent must answer. */
export const mostToolRounds = 4;

type ToolRound = {
  agent: RosterAgent;
  run: AgentRun;
  work: AgentWork;
  voice: AgentVoice;
  messageId: string;
  answer: { text: string; toolCalls: readonly ToolCallRequest[] };
};

/**
 * Takes in an answer that asks for tools: what the agent may use waits for its tools node, the rest is refused
 * here, where an agent without tools has no such node.
 */
export async function askForTools({
  agent,
  run,
  work,
  voice,
  messageId,
  answer,
}: ToolRound): Promise<TurnStateUpdate> {
  const { agentKey } = agent;
  const { text, toolCalls } = answer;
  const isPermitted = ({ name }: ToolCallRequest) => agent.toolPermissions.includes(name);
  const refused = toolCalls.filter((call) => !isPermitted(call));
  const round = work.toolRounds + 1;
  voice.callTools(messageId, toolCalls);
  const spoken: PrivateMessage[] =
    text === "" ? [] : [{ id: messageId, agentKey, role: "assistant", content: text }];
  const refusals = await executeCalls({ agent, run, voice, round, calls: refused });
  return {
    work: {
      [agentKey]: {
        ...work,
        toolRounds: round,
        exchange: [
          ...work.exchange,
          { role: "assistant", content: text, toolCalls },
          ...refusals.map(({ shown }) => shown),
        ],
        pending: toolCalls.filter(isPermitted),
      },
    },
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
    const content = showResult(call.name, execution);
    voice.tellResult(call.id, traceId, content);
    return {
      shown: { role: "tool" as const, toolCallId: call.id, content },
      event: toEvent(agent.agentKey, round, call, execution, ports.newId()),
      trace: toTrace(agent.agentKey, call, content, traceId),
    };
  });
}

/** What came from outside is fenced and labelled; a refusal and an error are our own words. */
function showResult(toolName: string, { status, content }: ToolExecution): string {
  return status === "success" ? fenceUntrusted(`tool ${toolName}`, content) : content;
}

function toEvent(
  agentKey: string,
  round: number,
  call: ToolCallRequest,
  { status, input, output, latencyMs }: ToolExecution,
  id: string,
): ToolEvent {
  return { id, agentKey, round, toolName: call.name.slice(0, 64), input, output, status, latencyMs };
}

/** What the agent's later turns are shown of the call. */
function toTrace(agentKey: string, call: ToolCallRequest, content: string, id: string): PrivateMessage {
  return {
    id,
    agentKey,
    role: "tool",
    content: `What your tool '${call.name}' told you earlier:\n${content}`,
  };
}
