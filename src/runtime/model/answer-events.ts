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
export class UnreadableAnswer extends Error {}

/** Characters of a line that has not ended, or of an event. */
const maxLineCharacters = 1024 * 1024;

/** The parser looks for line ends in what it is fed: short pieces keep that linear. */
const feedBytes = 64 * 1024;

/** An answer of more bytes than this is given up; what a token takes on the wire is mostly what stands around it. */
export function maxAnswerBytes(maxOutputTokens: number): number {
  return 1024 * 1024 + 2 * 1024 * maxOutputTokens;
}

type Body = { push(text: string): void; end(): void };

/**
 * Reads the body of an answer as it comes, an event stream or JSON, whichever it turns out to be. Gives each event
 * once; events without data and comments are not given.
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

/** By its first character; null as long as there is none. */
function chooseBody(text: string, onEvent: (event: AnswerEvent) => void): Body | null {
  const [first] = text.trimStart();
  if (first === undefined) return null;
  if (first === "<") throw new UnreadableAnswer("the answer is a page");
  return first === "{" || first === "[" ? createJsonBody(onEvent) : createEventBody(onEvent);
}

function createEventBody(onEvent: (event: AnswerEvent) => void): Body {
  let hasEvents = false;
  let hasOtherLines = false;
  const give = (data: string, name: string | undefined): void => {
    hasEvents = true;
    onEvent(name === undefined ? { kind: "event", data } : { kind: "event", name, data });
  };
  const parser = createParser({
    maxBufferSize: maxLineCharacters,
    onEvent: ({ event, data }) => give(data, event),
    onError: ({ type, field, value, line }) => {
      if (type === "max-buffer-size-exceeded") throw new UnreadableAnswer("a line has no end");
      // A bare `error:` line or JSON alone is no field of an event stream, and says what went wrong all the same.
      if (field === "error" && value !== undefined) return give(value, "error");
      if (line?.startsWith("{") && parseJson(line) !== undefined) return give(line, undefined);
      hasOtherLines ||= type === "unknown-field";
    },
  });
  return {
    push: (text) => parser.feed(text),
    end() {
      // The parser keeps a last event to itself that no blank line ends.
      parser.feed("\n\n");
      if (hasOtherLines && !hasEvents) throw new UnreadableAnswer("the answer is a text");
    },
  };
}

/** One JSON value. It is given as soon as it is whole: the connection may stay open behind it. */
function createJsonBody(onEvent: (event: AnswerEvent) => void): Body {
  const scanner = createObjectScanner();
  const pieces: string[] = [];
  let isGiven = false;
  return {
    push(text) {
      const end = isGiven ? 0 : scanner.push(text);
      if (end === null) return void pieces.push(text);
      // Lines of JSON are no completion.
      if (text.slice(end).trim() !== "") throw new UnreadableAnswer("the answer goes on behind its end");
      if (isGiven) return;
      isGiven = true;
      onEvent({ kind: "json", data: pieces.join("") + text.slice(0, end) });
    },
    end: () => undefined,
  };
}
