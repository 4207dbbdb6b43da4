import { toPlainName } from "../../domain/agent-name.ts";
import type { CatalogModel } from "../../domain/catalog.ts";
import type { PromptMessage } from "../../domain/context/prompt.ts";
import type { Step } from "../../domain/plan/step.ts";
import { createMarkFilter, stripOwnMark } from "../../domain/text/speaker-marks.ts";
import type { OfferedTool } from "../../domain/tool.ts";
import type { PromptMeasure } from "../../domain/turn/turn-outcome.ts";
import type { AgentWork } from "../graph/agent-work.ts";
import { continueWork, type NodeContext } from "../graph/node-context.ts";
import type { RunStateValue } from "../graph/run-state.ts";
import type { CallModel, ModelAnswer, ModelRequest } from "../model/model-port.ts";
import type { AgentEvents } from "./agent-events.ts";
import { fitStep } from "./step-context.ts";
import { maxToolRequests } from "./tool-calls.ts";

/** One model call of a step, with its fitted prompt and all that its reply needs. */
export type StepCall = {
  step: Step;
  run: NodeContext;
  state: RunStateValue;
  work: AgentWork;
  events: AgentEvents;
  /** Id that the message of this answer gets. */
  messageId: string;
  prompt: PromptMessage[];
  fitted: Omit<PromptMeasure, "step" | "countedInputTokens">;
};

/** Starts or continues the step, and fits its prompt into the budget of its agent's model. */
export function prepareCall(
  planned: Pick<Step, "id" | "agent">,
  run: NodeContext,
  state: RunStateValue,
): StepCall {
  const { work, events, step } = continueWork(planned, run, state);
  const { messages: prompt, roomTokens: _, ...fitted } = fitStep(run, state, step, work);
  return { step, run, state, work, events, messageId: run.ports.newId(), prompt, fitted };
}

/** Whether the model may still ask for tools. */
export function mayUseTools({ work }: StepCall): boolean {
  return work.toolRequests < maxToolRequests;
}

/**
 * Makes the call, with its text as events. The agent's own speaker mark is removed from both. A failed answer has the text
 * of the events.
 */
export function callAgent(
  call: StepCall,
  model: CatalogModel,
  tools: readonly OfferedTool[],
): Promise<ModelAnswer> {
  const { step, run, events, messageId, prompt, fitted } = call;
  const request: AgentRequest = {
    model,
    messages: prompt,
    tools,
    toolChoice: mayUseTools(call) ? "auto" : "none",
    maxOutputTokens: fitted.budget.outputReserve,
    billedInputTokens: fitted.estimatedTokensAfterPrune,
    settings: step.agent.modelSettings ?? {},
    signal: run.signal,
  };
  return callWithoutOwnMark(run.ports.callModel, request, toPlainName(step.agent.name), (delta) =>
    events.textDelta(messageId, delta),
  );
}

type AgentRequest = Omit<ModelRequest, "onText">;

async function callWithoutOwnMark(
  callModel: CallModel,
  request: AgentRequest,
  ownName: string,
  onText: (delta: string) => void,
): Promise<ModelAnswer> {
  const marks = createMarkFilter(ownName);
  let sent = "";
  const emit = (delta: string) => {
    sent += delta;
    if (delta !== "") onText(delta);
  };
  const answer = await callModel({ ...request, onText: (delta) => emit(marks.push(delta)) });
  if (!answer.ok) return { ...answer, text: sent };
  emit(marks.end());
  return { ...answer, text: stripOwnMark(ownName, answer.text) };
}
