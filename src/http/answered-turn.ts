import { type AGUIEvent, EventType } from "@ag-ui/core";

/** What stock clients are told of a stored turn, in its wire form. */
export type AnsweredTurn = {
  id: string;
  session_id: string;
  status: "completed" | "partial" | "failed";
  replies: AnsweredReply[];
  credits: { spent: string };
};

export type AnsweredReply = {
  message_id: string;
  step: string;
  role: string;
  round: number | null;
  agent_key: string;
  agent_name: string;
  status: string;
  content: string;
  finish_reason: string | null;
  error: { code: string; message: string } | null;
};

/** `length`: the last answer was cut at its longest. */
export function finishReasonOf({ replies }: AnsweredTurn): "stop" | "length" {
  return replies.at(-1)?.finish_reason === "length" ? "length" : "stop";
}

/** Where the turn is, and what it cost. */
export function placeOf({ id, session_id, status, credits }: AnsweredTurn) {
  return { session_id, turn_id: id, status, credits: credits.spent };
}

/**
 * Finds the replies of a turn whose texts were not in its stream: those that came before a takeover of the run, or all where
 * the run was stored already. For clients to which a snapshot of the conversation means nothing.
 */
export function createMissedReplies() {
  const shownIds = new Set<string>();
  const snapshotIds = new Set<string>();
  return {
    note(event: AGUIEvent): void {
      if (event.type === EventType.TEXT_MESSAGE_START) shownIds.add(event.messageId);
      if (event.type === EventType.MESSAGES_SNAPSHOT)
        for (const { id } of event.messages) snapshotIds.add(id);
    },
    hasText: () => shownIds.size > 0,
    of({ replies }: AnsweredTurn): AnsweredReply[] {
      return replies.filter(
        ({ message_id: id }) => !shownIds.has(id) && (shownIds.size === 0 || snapshotIds.has(id)),
      );
    },
  };
}
