import { createParser } from "eventsource-parser";
import { createObjectScanner } from "./tool-arguments.ts";
import { parseJson } from "./wire-values.ts";

/** One piece of an answer as it came: an event's data, or a whole JSON body. */
export type AnswerEvent = {
  kind: "event" | "json";
  /** An event's name, where it has one. */
  name?: string;
  data: string;
};

export type AnswerEvents = {
  /** Reads bytes of the body. @throws UnreadableAnswer */
  feed(bytes: Uint8Array): void;
  /** Reads what is left at the end of the body. @throws UnreadableAnswer */
  end(): void;
};

/** A body that is no answer of a model, or has no end. */
export class UnreadableAnswer extends Error {
  override readonly name = "UnreadableAnswer";
}

/** Characters of a line that has not ended, or of an event. */
const maxLineCharacters = 1024 * 1024;

/** The parser looks for line ends in what it is fed: short pieces keep that linear. */
const feedBytes = 64 * 1024;

/** An answer of more bytes fails. Most of a token's bytes are those of the event around it. */
export function maxAnswerBytes(maxOutputTokens: number): number {
  return 1024 * 1024 + 2 * 1024 * maxOutputTokens;
}

type Body = { push(text: string): void; end(): void };

/**
 * Reads the body of an answer as it arrives, an event stream or JSON. Emits each event once. Comments and events without
 * data are skipped.
 */
export function createAnswerEvents(maxBytes: number, onEvent: (event: AnswerEvent) => void): AnswerEvents {
  const decoder = new TextDecoder();
  let body: Body | null = null;
  let bytesRead = 0;
  const push = (text: string): void => {
    body ??= chooseBody(text, onEvent);
    body?.push(text);
  };
  return {
    feed(bytes) {
      bytesRead += bytes.byteLength;
      if (bytesRead > maxBytes) throw new UnreadableAnswer("the answer has no end");
      for (let at = 0; at < bytes.byteLength; at += feedBytes) {
        push(decoder.decode(bytes.subarray(at, at + feedBytes), { stream: true }));
      }
    },
    end() {
      push(decoder.decode());
      body?.end();
    },
  };
}

/** The first character decides. Null: none has come yet. */
function chooseBody(text: string, onEvent: (event: AnswerEvent) => void): Body | null {
  const [first] = text.trimStart();
  if (first === undefined) return null;
  if (first === "<") throw new UnreadableAnswer("the answer is a page");
  return first === "{" || first === "[" ? createJsonBody(onEvent) : createEventBody(onEvent);
}

function createEventBody(onEvent: (event: AnswerEvent) => void): Body {
  let hasEvents = false;
  let hasOtherLines = false;
  const emit = (data: string, name: string | undefined): void => {
    hasEvents = true;
    onEvent(name === undefined ? { kind: "event", data } : { kind: "event", name, data });
  };
  const parser = createParser({
    maxBufferSize: maxLineCharacters,
    onEvent: ({ event, data }) => emit(data, event),
    onError: ({ type, field, value, line }) => {
      if (type === "max-buffer-size-exceeded") throw new UnreadableAnswer("a line has no end");
      // A bare `error:` line, or a line of JSON, is no field of an event stream, but it holds the error.
      if (field === "error" && value !== undefined) return emit(value, "error");
      if (line?.startsWith("{") && parseJson(line) !== undefined) return emit(line, undefined);
      hasOtherLines ||= type === "unknown-field";
    },
  });
  return {
    push: (text) => parser.feed(text),
    end() {
      // The parser holds back a last event that no blank line ends.
      parser.feed("\n\n");
      if (hasOtherLines && !hasEvents) throw new UnreadableAnswer("the answer is a text");
    },
  };
}

/** One JSON value. It is emitted as soon as it is complete: the connection may stay open afterwards. */
function createJsonBody(onEvent: (event: AnswerEvent) => void): Body {
  const scanner = createObjectScanner();
  const pieces: string[] = [];
  let isEmitted = false;
  return {
    push(text) {
      const end = isEmitted ? 0 : scanner.push(text);
      if (end === null) return void pieces.push(text);
      // Lines of JSON are no completion.
      if (text.slice(end).trim() !== "") throw new UnreadableAnswer("the answer goes on behind its end");
      if (isEmitted) return;
      isEmitted = true;
      onEvent({ kind: "json", data: pieces.join("") + text.slice(0, end) });
    },
    end: () => undefined,
  };
}
