import { type AGUIEvent, EventType, type TokenUsage } from "@ag-ui/core";
import { type AnsweredTurn, createMissedReplies, finishReasonOf, placeOf } from "../answered-turn.ts";
import { type Author, createAuthorTexts, toAuthor } from "./author-texts.ts";
import { createToolParts } from "./tool-parts.ts";

/** By which the AI SDK knows its stream. */
export const uiMessageStreamHeaders = { "x-vercel-ai-ui-message-stream": "v1" } as const;

/** Of which turn, and whether the authors' names are in the texts. */
export type UiMessageTurn = { turnId: string; sessionId: string; hasLabels: boolean };

/**
 * Writes the events of a run as one message of the AI SDK: a `data-agent` part before each author's text. Texts of agents
 * that answer at once come mixed; each has an id of its own, by which the client puts it in its part.
 */
export function createUiMessageStream({
  turnId,
  sessionId,
  hasLabels,
}: UiMessageTurn): (event: AGUIEvent) => string {
  const missed = createMissedReplies();
  const authors = new Map<string, Author>();
  const toolParts = createToolParts();
  const { startText, toText, toStoredText } = createAuthorTexts(hasLabels);
  let hasStarted = false;
  const start = (): object[] => {
    if (hasStarted) return [];
    hasStarted = true;
    const messageMetadata = { session_id: sessionId, turn_id: turnId };
    return [{ type: "start", messageId: turnId, messageMetadata }];
  };
  const finish = (turn: AnsweredTurn, usage: readonly TokenUsage[]): object[] => [
    ...missed.of(turn).flatMap(toStoredText),
    { type: "finish", finishReason: finishReasonOf(turn), messageMetadata: { ...placeOf(turn), usage } },
  ];
  const toParts = (event: AGUIEvent): object[] => {
    switch (event.type) {
      case EventType.RUN_STARTED:
        return start();
      case EventType.SUBAGENT_STARTED:
        authors.set(event.subagentRunId, toAuthor(event.name, event.metadata));
        return [];
      case EventType.TEXT_MESSAGE_START: {
        const author = authors.get(event.subagentRunId ?? "") ?? toAuthor(event.name ?? "An agent");
        return startText(event.messageId, author);
      }
      case EventType.TEXT_MESSAGE_CONTENT:
        return [{ type: "text-delta", id: event.messageId, delta: event.delta }];
      case EventType.TEXT_MESSAGE_END:
        return [{ type: "text-end", id: event.messageId }];
      case EventType.SUBAGENT_ERROR: {
        const { subagentRunId, code = "model_error", message } = event;
        const author = authors.get(subagentRunId) ?? toAuthor("An agent");
        return toText(`${subagentRunId}/failure`, { ...author, error: { code, message } }, "");
      }
      case EventType.RUN_FINISHED:
        // Safe: a run's end has the turn in its wire form.
        return finish(event.result as AnsweredTurn, event.usage ?? []);
      case EventType.RUN_ERROR:
        return [{ type: "error", errorText: event.message }];
      default:
        return toolParts(event);
    }
  };
  return (event) => {
    missed.note(event);
    const frames = toParts(event).map((part) => `data: ${JSON.stringify(part)}\n\n`);
    return frames.join("") + (isEnd(event) ? "data: [DONE]\n\n" : "");
  };
}

function isEnd({ type }: AGUIEvent): boolean {
  return type === EventType.RUN_FINISHED || type === EventType.RUN_ERROR;
}
