import type { TextFilter } from "./text-filters.ts";

export type ThinkTagOptions = {
  /** Receives reasoning. */
  onReasoning: (text: string) => void;
  /** Whether the model may end its reasoning with a closing tag that nothing opened. */
  reasoningInText: boolean;
};

/** A text that may begin with reasoning is held back until its closing tag, but no more characters than this. */
const maxHeldCharacters = 64 * 1024;

const opening = /^\s*<(think|thinking)>/i;
/** A text that may still become an opening tag. */
const openingStart = /^\s*(<(t(h(i(n(k(i(n(g)?)?)?)?)?)?)?)?)?$/i;
const closing = /<\/think(?:ing)?>/i;
const closingCharacters = "</thinking>".length;
/** Blanks before a tag. No model begins with more. */
const maxLeadingBlanks = 1_024;

/**
 * Removes `<think>…</think>` from the start of a text that comes in pieces. If the reasoning never ends, there is no
 * text.
 */
export function createThinkFilter(options: ThinkTagOptions): TextFilter {
  return new ThinkFilter(options);
}

class ThinkFilter implements TextFilter {
  readonly #options: ThinkTagOptions;
  #state: "start" | "thinking" | "undecided" | "after" | "passing" = "start";
  /** Text that is held back before `#unread`. */
  #held: string[] = [];
  #heldCharacters = 0;
  /** The end of the text so far, which is searched for a tag. */
  #unread = "";

  constructor(options: ThinkTagOptions) {
    this.#options = options;
  }

  push(piece: string): string {
    if (this.#state === "passing" || piece === "") return piece;
    this.#unread += piece;
    if (this.#state === "thinking") return this.#readReasoning();
    return this.#state === "undecided" ? this.#readUndecided() : this.#readStart();
  }

  end(): string {
    if (this.#state !== "thinking") return this.#pass();
    this.#options.onReasoning(this.#takeAll());
    this.#state = "passing";
    return "";
  }

  #readStart(): string {
    const tag = opening.exec(this.#unread);
    if (tag !== null) {
      this.#state = "thinking";
      this.#unread = this.#unread.slice(tag[0].length);
      return this.#readReasoning();
    }
    if (openingStart.test(this.#unread) && this.#unread.length <= maxLeadingBlanks) return "";
    if (!this.#options.reasoningInText || this.#state === "after") return this.#pass();
    this.#state = "undecided";
    return this.#readUndecided();
  }

  /** Reasoning is passed on as it arrives. Only what may be half a tag is held back. */
  #readReasoning(): string {
    const tag = closing.exec(this.#unread);
    if (tag !== null) return this.#endReasoning(tag);
    this.#options.onReasoning(this.#takeCertain());
    return "";
  }

  /** All is held back: only a closing tag tells that it was reasoning. */
  #readUndecided(): string {
    const tag = closing.exec(this.#unread);
    if (tag !== null) return this.#endReasoning(tag);
    const certain = this.#takeCertain();
    this.#held.push(certain);
    this.#heldCharacters += certain.length;
    return this.#heldCharacters > maxHeldCharacters ? this.#pass() : "";
  }

  #endReasoning(tag: RegExpExecArray): string {
    const rest = this.#unread.slice(tag.index + tag[0].length);
    this.#unread = this.#unread.slice(0, tag.index);
    this.#options.onReasoning(this.#takeAll());
    this.#state = "after";
    this.#unread = rest;
    return this.#readStart();
  }

  /** What no closing tag can be part of. */
  #takeCertain(): string {
    const length = Math.max(0, this.#unread.length - closingCharacters);
    const certain = this.#unread.slice(0, length);
    this.#unread = this.#unread.slice(length);
    return certain;
  }

  #takeAll(): string {
    const text = this.#held.join("") + this.#unread;
    this.#held = [];
    this.#heldCharacters = 0;
    this.#unread = "";
    return text;
  }

  /** From here on the text is passed as it is. */
  #pass(): string {
    const text = this.#takeAll();
    const isAfter = this.#state === "after";
    this.#state = "passing";
    return isAfter ? text.trimStart() : text;
  }
}
