import { createAnswerEvents, maxAnswerBytes, UnreadableAnswer } from "./answer-events.ts";
import { type AnswerState, emptyAnswer, endText, isWhole, readChunk } from "./answer-state.ts";
import { parseJson, toList, toRecord } from "./wire-values.ts";

/** No language needs more characters for a token. A peer that streams beyond its limit fails. */
const maxCharactersPerToken = 32;

export type AnswerReaderOptions = {
  maxOutputTokens: number;
  /** Whether the model may end its reasoning with a closing tag that nothing opened. */
  reasoningInText: boolean;
  /** Receives each piece of text. */
  onText: (delta: string) => void;
  /** Called when a part of the answer arrives: text, reasoning or a call. */
  onProgress: () => void;
};

/** Reads one answer from the bytes of its body. */
export type AnswerReader = {
  answer: AnswerState;
  /** @throws UnreadableAnswer */
  feed(bytes: Uint8Array): void;
  /** To be called when no more bytes will come. @throws UnreadableAnswer */
  end(): void;
};

export function createAnswerReader(options: AnswerReaderOptions): AnswerReader {
  const { maxOutputTokens, onText, onProgress } = options;
  const answer = emptyAnswer(options);
  const maxCharacters = maxOutputTokens * maxCharactersPerToken;
  let state: "open" | "broken" | "ending" = "open";

  const emitText = (text: string): void => {
    if (text !== "") onText(text);
  };
  const takeChunk = (chunk: unknown, name?: string): void => {
    const { text, isProgress } = readChunk(answer, chunk, name);
    emitText(text);
    if (isProgress) onProgress();
    if (answer.text.length + answer.calls.characters > maxCharacters && !isWhole(answer)) {
      throw new UnreadableAnswer("the answer has no end");
    }
  };
  const takeData = (data: string, name?: string): void => {
    const text = data.trim();
    if (answer.isDone) return;
    if (text === "[DONE]") answer.isDone = true;
    else if (text.startsWith("{")) takeJson(text, name);
    // Any other text keeps the connection alive, except in an event named `error`.
    else if (name === "error" && text !== "") takeChunk({ message: text }, name);
  };
  const takeJson = (text: string, name?: string): void => {
    const chunk = parseJson(text);
    if (chunk !== undefined) takeChunk(chunk, name);
    // Some servers end an event with one line break.
    else if (text.includes("\n")) for (const line of text.split("\n")) takeData(line, name);
    // After a cut connection the rest may be half an event.
    else if (state !== "ending") throw new UnreadableAnswer("an event is not JSON");
  };
  const takeBody = (data: string): void => {
    const value = parseJson(data);
    const body = toRecord(Array.isArray(value) ? value[0] : value);
    if (body === null) throw new UnreadableAnswer("the answer is not JSON");
    takeChunk(body);
    const [choice] = toList(body.choices).map(toRecord);
    if (choice?.message) answer.isDone = true;
    else if (!choice && answer.error === null) throw new UnreadableAnswer("the answer is no completion");
  };
  const events = createAnswerEvents(maxAnswerBytes(maxOutputTokens), ({ kind, name, data }) =>
    kind === "json" ? takeBody(data) : takeData(data, name),
  );

  return {
    answer,
    feed(bytes) {
      if (answer.isDone || state !== "open") return;
      try {
        events.feed(bytes);
      } catch (error) {
        state = "broken";
        throw error;
      }
    },
    end() {
      const isOpen = state === "open";
      state = "ending";
      try {
        if (isOpen && !answer.isDone) events.end();
      } finally {
        emitText(endText(answer));
      }
    },
  };
}
