import { fitAgentContext } from "../domain/agent-context.ts";
import { type AgentFailure, formatFailureContent } from "../domain/agent-failure.ts";
import type { SameTurnAnswer } from "../domain/prompt.ts";
import type { AgentReply, ModelCallRecord, PromptMeasure } from "../domain/turn-outcome.ts";
import { type RosterAgent, sharesAnswers } from "../domain/turn-plan.ts";
import type { AgentRun } from "./agent-run.ts";
import { startAgentVoice } from "./agent-voice.ts";
import { toCallRecords } from "./call-records.ts";
import type { TurnStateUpdate, TurnStateValue } from "./turn-state.ts";

/** The node `<key>.model`: one model call of one agent. Its failure is a reply, never an exception. */
export function createModelNode(agent: RosterAgent, run: AgentRun) {
  const { ports, context, plan } = run;
  return async (state: TurnStateValue): Promise<TurnStateUpdate> => {
    const { agentKey } = agent;
    const messageId = ports.newId();
    const voice = startAgentVoice(agent, ports.newId(), ports.emit);
    const sameTurnAnswers = sharesAnswers(plan) ? earlierAnswers(run, state) : [];
    const { messages, ...fitted } = fitAgentContext({
      ...ports,
      agent,
      mode: plan.mode,
      context,
      sameTurnAnswers,
    });
    const conclude = (reply: AgentReply, calls: ModelCallRecord[], countedInputTokens: number | null) => {
      if (reply.status === "completed") voice.finish();
      else voice.fail(reply.failure);
      const measure: PromptMeasure = { ...fitted, countedInputTokens };
      return { replies: { [agentKey]: reply }, calls, prompts: [measure] };
    };
    const fail = (failure: AgentFailure): AgentReply => ({ agentKey, messageId, status: "failed", failure });

    const model = ports.catalog.models.get(agent.modelAlias);
    if (model === undefined) return conclude(fail(notConfigured(agent.modelAlias)), [], null);
    if (fitted.overflow) return conclude(fail(overBudget), [], null);
    const answer = await ports.callModel({
      model,
      messages,
      maxOutputTokens: ports.limits.maxOutputTokens,
      signal: run.signal,
      onText: (delta) => voice.say(messageId, delta),
    });
    const reply: AgentReply = answer.ok
      ? { agentKey, messageId, status: "completed", content: answer.text }
      : fail(answer.failure);
    const counted = answer.billed.find(({ usageSource }) => usageSource === "provider")?.usage;
    return conclude(
      reply,
      toCallRecords({ agentKey, round: 1 }, model, answer),
      counted === undefined ? null : counted.fresh + counted.cached,
    );
  };
}

/** What was answered before in this turn, in the order of answers; a failure is shown as it is stored. */
function earlierAnswers({ plan, context }: AgentRun, { replies, routing }: TurnStateValue): SameTurnAnswer[] {
  const order = routing?.selectedKeys ?? plan.agents.map(({ agentKey }) => agentKey);
  const names = new Map(plan.agents.map(({ agentKey, name }) => [agentKey, name]));
  const answered = order.flatMap((key): SameTurnAnswer[] => {
    const reply = replies[key];
    if (reply === undefined) return [];
    const agentName = names.get(key) ?? key;
    const content =
      reply.status === "completed" ? reply.content : formatFailureContent(agentName, reply.failure);
    return [{ agentKey: key, agentName, content }];
  });
  return [...context.storedAnswers, ...answered];
}

function notConfigured(modelAlias: string): AgentFailure {
  return { code: "model_not_configured", message: `The model '${modelAlias}' is not configured here.` };
}

const overBudget: AgentFailure = {
  code: "context_budget_exceeded",
  message: "With the answers before it, the conversation no longer fits the agent's model.",
};
