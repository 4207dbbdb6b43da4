import { formatDecimal } from "../../domain/billing/pricing.ts";
import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import type { FileTokens } from "../../domain/files/file-tokens.ts";
import { mayUse } from "../../domain/permissions.ts";
import type { RosterAgent } from "../../domain/plan/roster-agent.ts";
import type { Step } from "../../domain/plan/step.ts";
import type { ToolContext, ToolExecution } from "../../domain/tool.ts";
import { turnBounds } from "../../domain/turn/turn-limiter.ts";
import type { ToolEvent } from "../../domain/turn/turn-outcome.ts";
import type { AgentWork } from "../graph/agent-work.ts";
import type { NodeContext } from "../graph/node-context.ts";
import type { RunStateUpdate, ToolMessage } from "../graph/run-state.ts";
import type { ModelAnswer } from "../model/model-port.ts";
import type { AgentEvents } from "./agent-events.ts";
import { refuseCall, refuseUnpaid } from "./tool-refusal.ts";

/** After this many answers that asked for tools an agent must answer. */
export const { maxToolRequests } = turnBounds;

type CompleteAnswer = Extract<ModelAnswer, { ok: true }>;

type AgentStep = Pick<Step, "id" | "agent">;

type ToolRequestStep = {
  step: AgentStep;
  run: NodeContext;
  work: AgentWork;
  events: AgentEvents;
  messageId: string;
  answer: Pick<CompleteAnswer, "text" | "toolCalls" | "providerFields">;
};

/** Whether all tool calls of the agent's last answer were denied. Such calls have no checkpoint of their own. */
export function lastCallsAllDenied({ toolPermissions }: RosterAgent, { toolMessages }: AgentWork): boolean {
  const last = toolMessages.findLast((message) => "toolCalls" in message);
  return last?.toolCalls.every(({ name }) => !mayUse(toolPermissions, name)) ?? false;
}

/**
 * Keeps an answer that asks for tools. Its calls wait for the agent's tools node. An agent without permissions has no
 * tools node, so its calls are denied here. Null: the turn has no room for the answer.
 */
export async function askForTools(request: ToolRequestStep): Promise<RunStateUpdate | null> {
  const { step, run, work, events, messageId, answer } = request;
  const { agent } = step;
  const { text, toolCalls } = answer;
  const bare = { role: "assistant" as const, content: text, toolCalls };
  const whole = answer.providerFields === undefined ? bare : { ...bare, fields: answer.providerFields };
  // Where both do not fit, the answer is kept without its provider's fields.
  const message = [whole, bare].find((candidate) => run.limiter.takeModelText(candidate));
  if (message === undefined) return null;
  const isPending = toolCalls.some(({ name }) => mayUse(agent.toolPermissions, name));
  const requestMessage: ToolMessage = {
    kind: "request",
    id: messageId,
    step: step.id,
    agentKey: agent.agentKey,
    message,
    isPending,
  };
  events.toolCalls(messageId, toolCalls);
  const refusals = await executeCalls({
    step,
    run,
    events,
    round: work.toolRequests + 1,
    calls: isPending ? [] : toolCalls,
    isTriggered: false,
    fileTokens: run.limiter.fileTokens,
    attached: new Map(),
  });
  return { toolMessages: [requestMessage, ...refusals.toolMessages], toolEvents: refusals.toolEvents };
}

type ToolCalls = {
  step: AgentStep;
  run: NodeContext;
  events: AgentEvents;
  round: number;
  calls: readonly ToolCallRequest[];
  isTriggered: boolean;
  /** File text that these calls together may give. */
  fileTokens: FileTokens;
  /** The files that the message attaches, where it asks for these calls. */
  attached: ToolContext["attached"];
};

/**
 * Runs the calls of one answer in parallel and returns their results in the order of the calls. The tools check the
 * permission again. A call that the turn has no room for is refused; its refusal is a result like any other.
 */
export async function executeCalls(toolCalls: ToolCalls) {
  const { step, run, events, round, calls, isTriggered } = toolCalls;
  const executions = await Promise.all(calls.map((call, index) => executeCall(toolCalls, call, index + 1)));
  const { agentKey } = step.agent;
  const toolMessages: ToolMessage[] = [];
  const toolEvents: ToolEvent[] = [];
  for (const [index, { call, execution, hadRoom, costE8 }] of executions.entries()) {
    const { content, laterContent, ...recorded } = execution;
    const id = run.ports.newId();
    events.toolResult(call.id, id, shownResult(execution));
    toolMessages.push({
      kind: "result",
      id,
      step: step.id,
      agentKey,
      message: { role: "tool", toolCallId: call.id, content },
      toolName: execution.toolName,
      isTriggered,
      hadRoom,
      ...(laterContent === undefined ? {} : { laterContent }),
    });
    const place = index + 1;
    toolEvents.push({
      // The same for the same call: a run that resumes and calls it again does not charge it again.
      id: run.ports.deriveId(run.runId, `tool ${step.id} ${round} ${place}`),
      step: step.id,
      agentKey,
      round,
      place,
      ...recorded,
      ...(costE8 === 0n ? {} : { creditsCharged: formatDecimal(costE8, 8) }),
    });
  }
  return { toolMessages, toolEvents };
}

/** A result as streams show it: JSON, as in the turn's record, and not the text that the model is sent. */
function shownResult({ status, output, content }: ToolExecution): string {
  return status === "denied" ? content : JSON.stringify(output);
}

type ToolCallResult = {
  call: ToolCallRequest;
  execution: ToolExecution;
  hadRoom: boolean;
  /** 10⁻⁸ credits. */
  costE8: bigint;
};

async function executeCall(
  {
    step: { id, agent },
    run: { ports, signal, limiter, identity, payment },
    fileTokens,
    attached,
  }: ToolCalls,
  call: ToolCallRequest,
  nthOfAnswer: number,
): Promise<ToolCallResult> {
  const end = limiter.startToolCall(id, nthOfAnswer);
  if (end === null) return { call, execution: refuseCall(call), hadRoom: false, costE8: 0n };
  const { name, argumentsText } = call;
  const priceE8 = ports.toolPrices.get(name) ?? 0n;
  const taken = priceE8 === 0n ? null : await payment.spending.takeAmount(priceE8);
  if (priceE8 > 0n && taken === null) {
    const execution = refuseUnpaid(call);
    end(execution.content);
    return { call, execution, hadRoom: true, costE8: 0n };
  }
  const permissions = agent.toolPermissions;
  const context = { ...identity, signal, fileTokens, attached };
  const execution = await ports.tools.execute({ name, argumentsText, permissions, context });
  end(execution.content);
  const costE8 = execution.status === "success" ? priceE8 : 0n;
  taken?.end(costE8);
  return { call, execution, hadRoom: true, costE8 };
}
