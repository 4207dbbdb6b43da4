import type { StoredTurn } from "../db/turn/stored-turn.ts";
import { isAgentFailure } from "../domain/turn/agent-failure.ts";
import { currentReplies, stepOfReply } from "../domain/turn/current-replies.ts";
import type { TurnEvent } from "../domain/turn/turn-events.ts";

/** The agents of a run that have started and not ended, as its readers know them. */
export class OpenAgents {
  /** By `agentRunId`. `messageId`: of the text that is open; null: none is. */
  readonly #open = new Map<string, { step: string; messageId: string | null }>();

  note(event: TurnEvent): void {
    switch (event.type) {
      case "agent_started":
        this.#open.set(event.agentRunId, { step: event.step, messageId: null });
        return;
      case "text_started":
      case "text_ended":
        this.#setText(event.agentRunId, event.type === "text_started" ? event.messageId : null);
        return;
      case "agent_finished":
      case "agent_failed":
        this.#open.delete(event.agentRunId);
    }
  }

  /** Events that end them as another holder has stored the turn. */
  endAs({ messages }: Pick<StoredTurn, "messages">): TurnEvent[] {
    const replies = new Map(currentReplies(messages).map((reply) => [stepOfReply(reply), reply]));
    return [...this.#open].flatMap(([agentRunId, { step, messageId }]): TurnEvent[] => {
      const reply = replies.get(step);
      const error = reply?.error;
      return [
        ...(messageId === null ? [] : [{ type: "text_ended", agentRunId, messageId } as const]),
        isAgentFailure(error)
          ? { type: "agent_failed", agentRunId, ...error }
          : { type: "agent_finished", agentRunId, finishReason: reply?.finishReason ?? "stop" },
      ];
    });
  }

  #setText(agentRunId: string, messageId: string | null): void {
    const open = this.#open.get(agentRunId);
    if (open !== undefined) this.#open.set(agentRunId, { ...open, messageId });
  }
}
