import type { AgentFailure } from "../domain/agent-failure.ts";
import type { EmitTurnEvent } from "../domain/turn-events.ts";
import type { RosterAgent } from "../domain/turn-plan.ts";

/** One agent's part in a run, told as events in the order a reader may rely on. */
export type AgentVoice = {
  /** Opens the message with the first text, so that an answer without text leaves no empty message. */
  say(messageId: string, delta: string): void;
  /** Ends the open message, if one is. */
  endText(): void;
  finish(): void;
  fail(failure: AgentFailure): void;
};

export function startAgentVoice(agent: RosterAgent, agentRunId: string, emit: EmitTurnEvent): AgentVoice {
  let openMessageId: string | null = null;
  const endText = () => {
    if (openMessageId !== null) emit({ type: "text_ended", agentRunId, messageId: openMessageId });
    openMessageId = null;
  };
  emit({ type: "agent_started", agentRunId, agentKey: agent.agentKey, agentName: agent.name });
  return {
    say(messageId, delta) {
      if (openMessageId === null)
        emit({ type: "text_started", agentRunId, messageId, agentName: agent.name });
      openMessageId = messageId;
      emit({ type: "text_delta", agentRunId, messageId, delta });
    },
    endText,
    finish() {
      endText();
      emit({ type: "agent_finished", agentRunId });
    },
    fail({ code, message }) {
      endText();
      emit({ type: "agent_failed", agentRunId, code, message });
    },
  };
}
