import type { AgentFailure } from "../domain/agent-failure.ts";
import type { AgentReply } from "../domain/turn-outcome.ts";

export function failedReply(agentKey: string, messageId: string, failure: AgentFailure): AgentReply {
  return { agentKey, messageId, status: "failed", failure };
}
