import { type AGUIEvent, EventType, type TokenUsage } from "@ag-ui/core";
import { isErrorCode, PantheonError } from "../../domain/errors.ts";
import { createClientView } from "../ag-ui/client-view.ts";
import { type AnsweredTurn, createMissedReplies, finishReasonOf, placeOf } from "../answered-turn.ts";
import { blockSeparator, type CompletionHead, headOf, toBlock, toCompletionUsage } from "./completion.ts";
import { toOpenAiError } from "./openai-error.ts";

/**
 * Writes the events of a run as chunks of a completion: one agent after another, each under its name, since a completion is
 * one text.
 */
export function createCompletionStream(head: CompletionHead, includeUsage: boolean) {
  const view = createClientView({ isOlder: true, hasLabels: true }) ?? ((event) => [event]);
  const missed = createMissedReplies();
  const toChunk = (fields: object) =>
    toData({
      ...headOf(head),
      object: "chat.completion.chunk",
      ...fields,
      ...(includeUsage && !("usage" in fields) ? { usage: null } : {}),
    });
  const toDelta = (delta: object, finishReason: string | null = null, fields: object = {}) =>
    toChunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }], ...fields });
  const finish = (turn: AnsweredTurn, usage: readonly TokenUsage[]): string => {
    const blocks = missed.of(turn).map(toBlock).join(blockSeparator);
    const separator = blocks !== "" && missed.hasText() ? blockSeparator : "";
    const text = blocks === "" ? "" : toDelta({ content: separator + blocks });
    const last = toDelta({}, finishReasonOf(turn), { metadata: placeOf(turn) });
    const counted = includeUsage ? toChunk({ choices: [], usage: toCompletionUsage(usage) }) : "";
    return `${text}${last}${counted}data: [DONE]\n\n`;
  };
  let hasStarted = false;
  const write = (event: AGUIEvent): string => {
    const isFirst = !missed.hasText();
    missed.note(event);
    switch (event.type) {
      case EventType.RUN_STARTED: {
        const isRepeated = hasStarted;
        hasStarted = true;
        return isRepeated ? "" : toDelta({ role: "assistant", content: "", refusal: null });
      }
      case EventType.TEXT_MESSAGE_START:
        return isFirst ? "" : toDelta({ content: blockSeparator });
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
