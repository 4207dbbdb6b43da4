import type { CatalogModel } from "../domain/catalog.ts";
import { buildPrompt } from "../domain/prompt.ts";
import type { ModelCallRecord } from "../domain/turn-outcome.ts";
import type { RosterAgent, TurnPlan } from "../domain/turn-plan.ts";
import { startAgentVoice } from "./agent-voice.ts";
import { failedReply } from "./failed-reply.ts";
import type { BilledAttempt } from "./model/model-port.ts";
import type { TurnContext, TurnPorts } from "./run-turn.ts";
import type { TurnStateUpdate } from "./turn-state.ts";

export type AgentPorts = TurnPorts & { signal: AbortSignal };

/** The node `<key>.model`: one model call of one agent. Its failure is a reply, never an exception. */
export function createModelNode(agent: RosterAgent, plan: TurnPlan, context: TurnContext, ports: AgentPorts) {
  return async (): Promise<TurnStateUpdate> => {
    const { agentKey } = agent;
    const messageId = ports.newId();
    const voice = startAgentVoice(agent, ports.newId(), ports.emit);
    const model = ports.models.get(agent.modelAlias);
    if (model === undefined) {
      const failure = {
        code: "model_not_configured",
        message: `The model '${agent.modelAlias}' is not configured here.`,
      } as const;
      voice.fail(failure);
      return { replies: { [agentKey]: failedReply(agentKey, messageId, failure) } };
    }
    const messages = buildPrompt({ ...context, agent, mode: plan.mode });
    const estimatedTokens = messages.reduce((sum, { content }) => sum + ports.estimateTokens(content), 0);
    const answer = await ports.callModel({
      model,
      messages,
      maxOutputTokens: ports.maxOutputTokens,
      signal: ports.signal,
      onText: (delta) => voice.say(messageId, delta),
    });
    if (answer.ok) voice.finish();
    else voice.fail(answer.failure);
    const call = { agentKey, round: 1 };
    return {
      replies: {
        [agentKey]: answer.ok
          ? { agentKey, messageId, status: "completed", content: answer.text }
          : failedReply(agentKey, messageId, answer.failure),
      },
      calls: answer.billed.map((attempt) => toCallRecord(call, model, attempt, answer.attempts)),
      prompts: [{ agentKey, estimatedTokens, includedMessageIds: context.history.map(({ id }) => id) }],
    };
  };
}

function toCallRecord(
  call: { agentKey: string; round: number },
  model: CatalogModel,
  attempt: BilledAttempt,
  attempts: number,
): ModelCallRecord {
  const { alias: modelAlias, provider, providerModel, multiplierHundredths } = model;
  return { ...call, ...attempt, modelAlias, provider, providerModel, multiplierHundredths, attempts };
}
