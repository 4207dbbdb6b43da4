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
const openingBegun = /^\s*(<(t(h(i(n(k(i(n(g)?)?)?)?)?)?)?)?)?$/i;
const closing = /<\/think(?:ing)?>/i;
const closingCharacters = "</thinking>".length;
/** Blanks before a tag. No model begins with more. */
const maxLeadingBlanks = 1_024;

/**
 * Removes `<think>…</think>` from the beginning of a text that comes in pieces. If the reasoning never ends, there is no
 * text.
 */
export function createThinkFilter({ onReasoning, reasoningInText }: ThinkTagOptions): TextFilter {
  let state: "beginning" | "thinking" | "undecided" | "after" | "passing" = "beginning";
  /** Text that is held back before `unread`. */
  let held: string[] = [];
  let heldCharacters = 0;
  /** The end of the text so far, which is searched for a tag. */
  let unread = "";

  const hold = (certain: number): void => {
    held.push(unread.slice(0, certain));
    heldCharacters += certain;
    unread = unread.slice(certain);
  };
  const release = (): string => {
    const text = held.join("") + unread;
    held = [];
    heldCharacters = 0;
    unread = "";
    return text;
  };
  const passOn = (): string => {
    const text = release();
    const isAfter = state === "after";
    state = "passing";
    return isAfter ? text.trimStart() : text;
  };
  const begin = (): string => {
    const tag = opening.exec(unread);
    if (tag !== null) {
      state = "thinking";
      unread = unread.slice(tag[0].length);
      return think();
    }
    if (openingBegun.test(unread) && unread.length <= maxLeadingBlanks) return "";
    if (!reasoningInText || state === "after") return passOn();
    state = "undecided";
    return decide();
  };
  /** Reasoning is passed on as it arrives. Only what may be half a tag is held back. */
  const think = (): string => {
    const tag = closing.exec(unread);
    if (tag !== null) return endReasoning(tag);
    const certain = Math.max(0, unread.length - closingCharacters);
    onReasoning(unread.slice(0, certain));
    unread = unread.slice(certain);
    return "";
  };
  const decide = (): string => {
    const tag = closing.exec(unread);
    if (tag !== null) return endReasoning(tag);
    hold(Math.max(0, unread.length - closingCharacters));
    return heldCharacters > maxHeldCharacters ? passOn() : "";
  };
  const endReasoning = (tag: RegExpExecArray): string => {
    const rest = unread.slice(tag.index + tag[0].length);
    unread = unread.slice(0, tag.index);
    onReasoning(release());
    state = "after";
    unread = rest;
    return begin();
  };

  return {
    push(piece) {
      if (state === "passing" || piece === "") return piece;
      unread += piece;
      if (state === "thinking") return think();
      return state === "undecided" ? decide() : begin();
    },
    end() {
      if (state !== "thinking") return passOn();
      onReasoning(release());
      state = "passing";
      return "";
    },
  };
}
