import { createAnswerEvents, maxAnswerBytes, UnreadableAnswer } from "./answer-events.ts";
import { type AnswerState, emptyAnswer, endText, isWhole, readChunk } from "./answer-state.ts";
import { parseJson, toList, toRecord } from "./wire-values.ts";

/** No language needs more characters for a token. A peer that streams beyond its limit fails. */
const maxCharactersPerToken = 32;

export type AnswerReaderOptions = {
  maxOutputTokens: number;
  /** Whether the model may end its reasoning with a closing tag that nothing opened. */
  reasoningInText: boolean;
  /** Receives text as it arrives: what came together is one piece. */
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
  return new StreamedAnswer(options);
}

class StreamedAnswer implements AnswerReader {
  readonly answer: AnswerState;
  readonly #options: AnswerReaderOptions;
  readonly #events: ReturnType<typeof createAnswerEvents>;
  #state: "open" | "broken" | "ending" = "open";
  /** Text that was read and not emitted yet. */
  #text = "";

  constructor(options: AnswerReaderOptions) {
    this.answer = emptyAnswer(options);
    this.#options = options;
    this.#events = createAnswerEvents(maxAnswerBytes(options.maxOutputTokens), ({ kind, name, data }) =>
      kind === "json" ? this.#takeBody(data) : this.#takeData(data, name),
    );
  }

  feed(bytes: Uint8Array): void {
    if (this.answer.isDone || this.#state !== "open") return;
    try {
      this.#events.feed(bytes);
      this.#emitText();
    } catch (error) {
      this.#state = "broken";
      this.#emitText();
      throw error;
    }
  }

  end(): void {
    const isOpen = this.#state === "open";
    this.#state = "ending";
    try {
      if (isOpen && !this.answer.isDone) this.#events.end();
    } finally {
      this.#text += endText(this.answer);
      this.#emitText();
    }
  }

  /** Bytes that arrive together often hold several chunks. One event for all of their text costs no more than one for a chunk. */
  #emitText(): void {
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#options.onText(text);
  }

  #takeChunk(chunk: unknown, name?: string): void {
    const { answer } = this;
    const { text, isProgress } = readChunk(answer, chunk, name);
    this.#text += text;
    if (isProgress) this.#options.onProgress();
    const maxCharacters = this.#options.maxOutputTokens * maxCharactersPerToken;
    if (answer.text.length + answer.calls.characters > maxCharacters && !isWhole(answer)) {
      throw new UnreadableAnswer("the answer has no end");
    }
  }

  #takeData(data: string, name?: string): void {
    const text = data.trim();
    if (this.answer.isDone) return;
    if (text === "[DONE]") this.answer.isDone = true;
    else if (text.startsWith("{")) this.#takeJson(text, name);
    // Any other text keeps the connection alive, except in an event named `error`.
    else if (name === "error" && text !== "") this.#takeChunk({ message: text }, name);
  }

  #takeJson(text: string, name?: string): void {
    const chunk = parseJson(text);
    if (chunk !== undefined) this.#takeChunk(chunk, name);
    // Some servers end an event with one line break.
    else if (text.includes("\n")) for (const line of text.split("\n")) this.#takeData(line, name);
    // After a cut connection the rest may be half an event.
    else if (this.#state !== "ending") throw new UnreadableAnswer("an event is not JSON");
  }

  /** The body of an answer that is no stream. */
  #takeBody(data: string): void {
    const value = parseJson(data);
    const body = toRecord(Array.isArray(value) ? value[0] : value);
    if (body === null) throw new UnreadableAnswer("the answer is not JSON");
    this.#takeChunk(body);
    const [choice] = toList(body.choices).map(toRecord);
    if (choice?.message) this.answer.isDone = true;
    else if (!choice && this.answer.error === null) throw new UnreadableAnswer("the answer is no completion");
  }
}
