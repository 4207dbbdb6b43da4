import { type AGUIEvent, EventType, type TokenUsage } from "@ag-ui/core";
import { agentFailureText } from "../../domain/text/agent-label.ts";
import {
  type AnsweredReply,
  type AnsweredTurn,
  createMissedReplies,
  finishReasonOf,
  placeOf,
} from "../answered-turn.ts";
import { createToolParts } from "./tool-parts.ts";

/** By which the AI SDK knows its stream. */
export const uiMessageStreamHeaders = { "x-vercel-ai-ui-message-stream": "v1" } as const;

/** Who wrote a text, as the data of the part before it. */
type Author = {
  name: string;
  agent_key: string | null;
  step: string | null;
  role: string | null;
  round: number | null;
  error: { code: string; message: string } | null;
};

/**
 * Writes the events of a run as one message of the AI SDK: a `data-agent` part before each author's text. Texts of agents
 * that answer at once come mixed; each has an id of its own, by which the client puts it in its part.
 */
export function createUiMessageStream(turnId: string, sessionId: string): (event: AGUIEvent) => string {
  const missed = createMissedReplies();
  const authors = new Map<string, Author>();
  const toolParts = createToolParts();
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

type StepMetadata = { agent_key?: unknown; step?: unknown; role?: unknown; round?: unknown };

function toAuthor(name: string, { agent_key, step, role, round }: StepMetadata = {}): Author {
  const textOf = (value: unknown) => (typeof value === "string" ? value : null);
  return {
    name,
    agent_key: textOf(agent_key),
    step: textOf(step),
    role: textOf(role),
    round: typeof round === "number" ? round : null,
    error: null,
  };
}

function startText(id: string, author: Author): object[] {
  return [
    { type: "data-agent", id: `${id}/agent`, data: author },
    { type: "text-start", id },
  ];
}

/** A whole text; of an agent that failed the text says so. */
function toText(id: string, author: Author, content: string): object[] {
  const delta = author.error === null ? content : agentFailureText(author.name, author.error);
  return [...startText(id, author), { type: "text-delta", id, delta }, { type: "text-end", id }];
}

function toStoredText({ message_id, agent_name, content, error, ...step }: AnsweredReply): object[] {
  return toText(message_id, { ...toAuthor(agent_name, step), error }, content);
}
