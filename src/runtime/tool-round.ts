import type { ToolCallRequest } from "../domain/prompt.ts";
import type { PrivateMessage, ToolEvent } from "../domain/turn-outcome.ts";
import type { RosterAgent } from "../domain/turn-plan.ts";
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
 * Takes in an answer that asks for tools. With one that the agent may use, all wait for its tools node, which
 * keeps their results in order; else all are refused here, since an agent without tools has no such node.
 */
export function askForTools({ agent, run, work, voice, messageId, answer }: ToolRound): TurnStateUpdate {
  const { agentKey } = agent;
  const { text, toolCalls } = answer;
  const pending = toolCalls.some((call) => isPermitted(agent, call)) ? [...toolCalls] : [];
  const refused = pending.length === 0 ? toolCalls : [];
  const round = work.toolRounds + 1;
  voice.callTools(messageId, toolCalls);
  const spoken: PrivateMessage[] =
    text === "" ? [] : [{ id: messageId, agentKey, role: "assistant", content: text }];
  const refusals = refused.map((call) =>
    concludeCall({ agent, run, voice, round, call, execution: refusal(call) }),
  );
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
        pending,
      },
    },
    toolEvents: refusals.map(({ event }) => event),
    privateMessages: [...spoken, ...refusals.map(({ trace }) => trace)],
  };
}

type ToolConclusion = {
  agent: RosterAgent;
  run: AgentRun;
  voice: AgentVoice;
  round: number;
  call: ToolCallRequest;
  execution: ToolExecution;
};

/** What a finished or refused call leaves: for the model, for the record, for the agent's later turns. */
export function concludeCall({ agent, run, voice, round, call, execution }: ToolConclusion) {
  const { agentKey } = agent;
  const { content, ...recorded } = execution;
  const { status, input, output, latencyMs } = recorded;
  const traceId = run.ports.newId();
  voice.tellResult(call.id, traceId, content);
  const event: ToolEvent = {
    id: run.ports.newId(),
    ...{ agentKey, round, toolName: call.name, input, output, status, latencyMs },
  };
  const trace: PrivateMessage = {
    id: traceId,
    agentKey,
    role: "tool",
    content: `What your tool '${call.name}' told you earlier:\n${content}`,
  };
  return { shown: { role: "tool" as const, toolCallId: call.id, content }, event, trace };
}

export function isPermitted({ toolPermissions }: RosterAgent, { name }: ToolCallRequest): boolean {
  return toolPermissions.includes(name);
}

export function refusal({ name }: ToolCallRequest): ToolExecution {
  return {
    status: "denied",
    content: JSON.stringify({ error: "tool_not_permitted", tool: name.slice(0, 64) }),
    input: {},
    output: { error: "tool_not_permitted" },
    latencyMs: 0,
  };
}
