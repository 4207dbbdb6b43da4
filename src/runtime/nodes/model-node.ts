import { toPlainName } from "../../domain/agent-name.ts";
import { scaleAfterTooLong } from "../../domain/context/token-scale.ts";
import { type Step, stepRoleOf } from "../../domain/plan/step.ts";
import { isBlank } from "../../domain/text/is-blank.ts";
import { createMarkFilter, stripOwnMark } from "../../domain/text/speaker-marks.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import { turnTooLarge } from "../../domain/turn/turn-limiter.ts";
import type { AgentReply, PromptMeasure } from "../../domain/turn/turn-outcome.ts";
import { continueWork, finishRound, type NodeContext, RunStopped } from "../graph/node-context.ts";
import { entryOf, type RunStateUpdate, type RunStateValue } from "../graph/run-state.ts";
import { isStepDone } from "../graph/state-outcome.ts";
import type { CallModel, ModelAnswer, ModelRequest } from "../model/model-port.ts";
import { toCallRecords } from "./call-records.ts";
import { fitStep } from "./step-context.ts";
import { askForTools, lastCallsAllDenied, maxToolRequests } from "./tool-calls.ts";

/** The node `<step>.model`: one model call of one step. Its failure is a reply, never an exception. */
export function createModelNode({ id, agent }: Pick<Step, "id" | "agent">, run: NodeContext) {
  const { ports, context } = run;
  const { agentKey } = agent;
  const hasStoredAnswers = context.storedAnswers.length > 0;
  const tools = ports.tools.offered(agent.toolPermissions);
  return async (state: RunStateValue): Promise<RunStateUpdate> => {
    if (isStepDone({ id, role: stepRoleOf(id) }, state, hasStoredAnswers)) return {};
    const messageId = ports.newId();
    const { work, events, step } = continueWork({ id, agent }, run, state);
    const { toolRequests } = work;
    const { messages, roomTokens: _, ...fitted } = fitStep(run, state, step, work);
    const endWith = (reply: AgentReply, update: RunStateUpdate = {}): RunStateUpdate => {
      if (reply.status === "completed") events.end(reply.finishReason ?? "stop");
      else events.fail(reply.failure);
      finishRound(run, state, step);
      return { ...measured(null), ...update, replies: [reply] };
    };
    const fail = (failure: AgentFailure) =>
      ({ step: id, agentKey, messageId, status: "failed", failure }) as const;
    // What a step was sent is measured at its first call.
    const measured = (countedInputTokens: number | null): RunStateUpdate =>
      entryOf(state.prompts, id) === undefined
        ? { prompts: [{ ...fitted, step: id, countedInputTokens }] }
        : {};

    const model = ports.catalog.models.get(agent.modelAlias);
    if (model === undefined) return endWith(fail(notConfigured(agent.modelAlias)));
    if (fitted.overflow) return endWith(fail(overBudget));
    // One step's answers never overlap: of each step, what is not stored is one call.
    if (lastCallsAllDenied(agent, work)) await run.flushed();
    const request: AgentRequest = {
      model,
      messages,
      tools,
      toolChoice: toolRequests < maxToolRequests ? "auto" : "none",
      maxOutputTokens: fitted.budget.outputReserve,
      settings: agent.modelSettings ?? {},
      signal: run.signal,
    };
    const answer = await callWithoutOwnMark(ports.callModel, request, toPlainName(agent.name), (delta) =>
      events.textDelta(messageId, delta),
    );
    const calls = toCallRecords(
      { holder: ports.holder, step: id, agentKey, round: toolRequests + 1 },
      model,
      answer,
    );
    ports.onCall(calls);
    // A complete answer is kept. A call that was cut off because the run stopped is not the agent's failure.
    if (!answer.ok && ports.stop.aborted) throw new RunStopped();
    const update = { ...measured(countInput(answer)), calls };
    if (!answer.ok) {
      const refusalScale = scaleOfRefusal(answer, fitted);
      const reply = fail(answer.failure);
      return endWith(refusalScale === null ? reply : { ...reply, refusalScale }, update);
    }
    if (answer.toolCalls.length > 0 && toolRequests < maxToolRequests) {
      const asked = await askForTools({ step, run, work, events, messageId, answer });
      return asked === null ? endWith(fail(turnTooLarge), update) : { ...update, ...asked };
    }
    if (isBlank(answer.text)) {
      return endWith(fail(answer.toolCalls.length > 0 ? onlyTools : onlyOwnMark), update);
    }
    if (!run.limiter.takeModelText(answer.text)) return endWith(fail(turnTooLarge), update);
    const { text: content, finishReason, providerReason } = answer;
    if (finishReason === "other") {
      ports.log.warn("model_finish_unknown", {
        agent_key: agentKey,
        finish_reason: isPlainWord(providerReason) ? providerReason : "unreadable",
      });
    }
    return endWith({ step: id, agentKey, messageId, status: "completed", content, finishReason }, update);
  };
}

type AgentRequest = Omit<ModelRequest, "onText">;

/** Calls the model. Removes the agent's own speaker mark from the text, and from the deltas as they arrive. */
async function callWithoutOwnMark(
  callModel: CallModel,
  request: AgentRequest,
  ownName: string,
  onText: (delta: string) => void,
): Promise<ModelAnswer> {
  const marks = createMarkFilter(ownName);
  const emit = (delta: string) => {
    if (delta !== "") onText(delta);
  };
  const answer = await callModel({ ...request, onText: (delta) => emit(marks.push(delta)) });
  if (!answer.ok) return answer;
  emit(marks.end());
  return { ...answer, text: stripOwnMark(ownName, answer.text) };
}

/** The input tokens that the provider counted; null where it reported none. */
function countInput({ billed }: ModelAnswer): number | null {
  const counted = billed.find(({ usageSource }) => usageSource === "provider")?.usage;
  return counted === undefined ? null : counted.fresh + counted.cached;
}

/** The scale for the model's next prompts, where the provider refused this one as too long. */
function scaleOfRefusal(
  { tooLong }: Extract<ModelAnswer, { ok: false }>,
  {
    tokenScale,
    estimatedTokensAfterPrune: estimatedTokens,
  }: Omit<PromptMeasure, "step" | "countedInputTokens">,
): number | null {
  return tooLong === undefined
    ? null
    : scaleAfterTooLong({ tokenScale, estimatedTokens }, tooLong.countedTokens);
}

function notConfigured(modelAlias: string): AgentFailure {
  return { code: "model_not_configured", message: `The model '${modelAlias}' is not configured here.` };
}

const overBudget: AgentFailure = {
  code: "context_budget_exceeded",
  message: "With what was said in this turn, the conversation no longer fits the agent's model.",
};

const onlyTools: AgentFailure = {
  code: "model_bad_response",
  message: "The model asked for tools again instead of answering.",
};

const onlyOwnMark: AgentFailure = {
  code: "model_bad_response",
  message: "The model's answer is nothing but the agent's name.",
};

/** A provider's own text can hold anything, a key among it. Only what looks like a reason goes into the log. */
function isPlainWord(reason: string | null): boolean {
  return reason === null || /^[A-Za-z_]{1,32}$/.test(reason);
}
