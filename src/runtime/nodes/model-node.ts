import { scaleAfterTooLong } from "../../domain/context/token-scale.ts";
import { type Step, stepRoleOf } from "../../domain/plan/step.ts";
import { isBlank } from "../../domain/text/is-blank.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import { turnTooLarge } from "../../domain/turn/turn-limiter.ts";
import type { AgentReply, PromptMeasure } from "../../domain/turn/turn-outcome.ts";
import { finishRound, type NodeContext, RunStopped } from "../graph/node-context.ts";
import { entryOf, type RunStateUpdate, type RunStateValue } from "../graph/run-state.ts";
import { isStepDone } from "../graph/state-outcome.ts";
import type { ModelAnswer } from "../model/model-port.ts";
import { toCallRecords } from "./call-records.ts";
import { callAgent, mayUseTools, prepareCall, type StepCall } from "./step-call.ts";
import { askForTools, lastCallsAllDenied } from "./tool-calls.ts";

type PlannedStep = Pick<Step, "id" | "agent">;
type CompleteAnswer = Extract<ModelAnswer, { ok: true }>;
type FailedAnswer = Extract<ModelAnswer, { ok: false }>;

/** The node `<step>.model`: one model call of one step. Its failure is a reply, never an exception. */
export function createModelNode({ id, agent }: PlannedStep, run: NodeContext) {
  const { ports, context } = run;
  const hasStoredAnswers = context.storedAnswers.length > 0;
  const tools = ports.tools.offered(agent.toolPermissions);
  return async (state: RunStateValue): Promise<RunStateUpdate> => {
    if (isStepDone({ id, role: stepRoleOf(id) }, state, hasStoredAnswers)) return {};
    const call = prepareCall({ id, agent }, run, state);
    const model = ports.catalog.models.get(agent.modelAlias);
    if (model === undefined) return failStep(call, notConfigured(agent.modelAlias));
    if (call.fitted.overflow) return failStep(call, overBudget);
    // A denied call waits for no tool, so its answer may be unstored yet. It is stored before the next call: then a lost holder
    // leaves at most one unstored call of each step, as estimates assume.
    if (lastCallsAllDenied(agent, call.work)) await run.flushed();
    const answer = await callAgent(call, model, tools);
    const round = call.work.toolRequests + 1;
    const key = { holder: ports.holder, step: id, agentKey: agent.agentKey, round };
    const calls = toCallRecords(key, model, answer);
    ports.onCall(calls);
    // A complete answer is kept. A call that was cut off because the run stopped is not the agent's failure.
    if (!answer.ok && ports.stop.aborted) throw new RunStopped();
    const update = { ...measurePrompt(call, countInput(answer)), calls };
    return answer.ok
      ? keepAnswer(call, answer, update)
      : failStep(call, answer.failure, update, describeFailure(call, answer));
  };
}

/** Keeps a complete answer: as the step's reply, or as a request for tools. */
async function keepAnswer(
  call: StepCall,
  answer: CompleteAnswer,
  update: RunStateUpdate,
): Promise<RunStateUpdate> {
  const { step, run, messageId } = call;
  const asksForTools = answer.toolCalls.length > 0;
  if (asksForTools && mayUseTools(call)) {
    const asked = await askForTools({ ...call, answer });
    return asked === null ? failStep(call, turnTooLarge, update) : { ...update, ...asked };
  }
  if (isBlank(answer.text)) return failStep(call, asksForTools ? onlyTools : onlyOwnMark, update);
  if (!run.limiter.takeModelText(answer.text)) return failStep(call, turnTooLarge, update);
  const { text: content, finishReason } = answer;
  if (finishReason === "other") warnUnknownFinish(call, answer);
  const { agentKey } = step.agent;
  return endStep(
    call,
    { step: step.id, agentKey, messageId, status: "completed", content, finishReason },
    update,
  );
}

type FailureDetails = Pick<Extract<AgentReply, { status: "failed" }>, "partial" | "refusalScale">;

function failStep(
  call: StepCall,
  failure: AgentFailure,
  update: RunStateUpdate = {},
  details: FailureDetails = {},
): RunStateUpdate {
  const { step, messageId } = call;
  const { agentKey } = step.agent;
  return endStep(call, { step: step.id, agentKey, messageId, status: "failed", failure, ...details }, update);
}

function describeFailure({ run, fitted }: StepCall, answer: FailedAnswer): FailureDetails {
  const refusalScale = scaleOfRefusal(answer, fitted);
  if (refusalScale !== null) return { refusalScale };
  const { text: partial = "", failure } = answer;
  const isKept = failure.code === "cancelled" && !isBlank(partial) && run.limiter.takeModelText(partial);
  return isKept ? { partial } : {};
}

/** Emits the end of the step and adds its reply to the state. */
function endStep(call: StepCall, reply: AgentReply, update: RunStateUpdate): RunStateUpdate {
  const { step, run, state, events } = call;
  if (reply.status === "completed") events.end(reply.finishReason ?? "stop");
  else events.fail(reply.failure);
  finishRound(run, state, step);
  return { ...measurePrompt(call, null), ...update, replies: [reply] };
}

/** The measure of a step's prompt. It is taken at the step's first call only. */
function measurePrompt({ step, state, fitted }: StepCall, countedInputTokens: number | null): RunStateUpdate {
  return entryOf(state.prompts, step.id) === undefined
    ? { prompts: [{ ...fitted, step: step.id, countedInputTokens }] }
    : {};
}

function warnUnknownFinish({ step, run }: StepCall, { providerReason }: CompleteAnswer): void {
  run.ports.log.warn("model_finish_unknown", {
    agent_key: step.agent.agentKey,
    finish_reason: isPlainWord(providerReason) ? providerReason : "unreadable",
  });
}

/** The input tokens that the provider counted; null where it reported none. */
function countInput({ billed }: ModelAnswer): number | null {
  const counted = billed.find(({ usageSource }) => usageSource === "provider")?.usage;
  return counted === undefined ? null : counted.fresh + counted.cached;
}

/** The scale for the model's next prompts, where the provider refused this one as too long; null: it did not. */
function scaleOfRefusal(
  { tooLong }: FailedAnswer,
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
