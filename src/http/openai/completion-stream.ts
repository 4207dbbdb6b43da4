import { type AGUIEvent, EventType, type TokenUsage } from "@ag-ui/core";
import { isErrorCode, PantheonError } from "../../domain/errors.ts";
import { createClientView } from "../ag-ui/client-view.ts";
import {
  type AnsweredTurn,
  blockSeparator,
  type CompletionHead,
  finishReasonOf,
  headOf,
  toBlock,
  toCompletionUsage,
  toMetadata,
} from "./completion.ts";
import { toOpenAiError } from "./openai-error.ts";

/**
 * Writes the events of a run as chunks of a completion: one agent after another, each under its name, since a completion is
 * one text.
 */
export function createCompletionStream(head: CompletionHead, includeUsage: boolean) {
  const view = createClientView({ isOlder: true, hasLabels: true }) ?? ((event) => [event]);
  const shownIds = new Set<string>();
  const snapshotIds = new Set<string>();
  const toChunk = (fields: object) =>
    toData({
      ...headOf(head),
      object: "chat.completion.chunk",
      ...fields,
      ...(includeUsage && !("usage" in fields) ? { usage: null } : {}),
    });
  const toDelta = (delta: object, finishReason: string | null = null, fields: object = {}) =>
    toChunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }], ...fields });
  const begin = (messageId: string): string => {
    const isFirst = shownIds.size === 0;
    shownIds.add(messageId);
    return isFirst ? "" : toDelta({ content: blockSeparator });
  };
  /** Replies that came before the stream did: before a takeover, or because the run was stored already. */
  const finish = (turn: AnsweredTurn, usage: readonly TokenUsage[]): string => {
    const isReplay = shownIds.size === 0;
    const missing = turn.replies.filter(
      ({ message_id: id }) => !shownIds.has(id) && (isReplay || snapshotIds.has(id)),
    );
    const texts = missing.map((reply) => begin(reply.message_id) + toDelta({ content: toBlock(reply) }));
    const last = toDelta({}, finishReasonOf(turn), { metadata: toMetadata(turn) });
    const counted = includeUsage ? toChunk({ choices: [], usage: toCompletionUsage(usage) }) : "";
    return `${texts.join("")}${last}${counted}data: [DONE]\n\n`;
  };
  let hasBegun = false;
  const write = (event: AGUIEvent): string => {
    switch (event.type) {
      case EventType.RUN_STARTED: {
        const isRepeated = hasBegun;
        hasBegun = true;
        return isRepeated ? "" : toDelta({ role: "assistant", content: "", refusal: null });
      }
      case EventType.MESSAGES_SNAPSHOT:
        for (const { id } of event.messages) snapshotIds.add(id);
        return "";
      case EventType.TEXT_MESSAGE_START:
        return begin(event.messageId);
      case EventType.TEXT_MESSAGE_CONTENT:
        return toDelta({ content: event.delta });
      case EventType.RUN_FINISHED:
        // Safe: a run's end has the turn in its wire form.
        return finish(event.result as AnsweredTurn, event.usage ?? []);
      case EventType.RUN_ERROR: {
        const code = isErrorCode(event.code) ? event.code : "internal_error";
        return toData({ error: toOpenAiError(new PantheonError(code, event.message)) });
      }
      default:
        return "";
    }
  };
  return (event: AGUIEvent): string => view(event).map(write).join("");
}

function toData(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
