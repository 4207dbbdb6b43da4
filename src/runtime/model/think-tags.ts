import type { TextFilter } from "./text-filters.ts";

export type ThinkTagOptions = {
  /** Told what was thought. */
  onReasoning: (text: string) => void;
  /** Whether the model may end its reasoning with a closing tag that nothing opened. */
  reasoningInText: boolean;
};

/** A text that may begin with reasoning is held back until its closing tag, or up to so many characters. */
const maxHeldCharacters = 64 * 1024;

const opening = /^\s*<(think|thinking)>/i;
/** A text that may yet turn out to begin with a tag. */
const openingBegun = /^\s*(<(t(h(i(n(k(i(n(g)?)?)?)?)?)?)?)?)?$/i;
const closing = /<\/think(?:ing)?>/i;
const closingCharacters = "</thinking>".length;
/** Blanks before a tag, more than any model begins with. */
const maxLeadingBlanks = 1_024;

/**
 * Takes `<think>…</think>` off the beginning of a text, however its pieces are cut. Reasoning that never ends is all
 * there was.
 */
export function createThinkFilter({ onReasoning, reasoningInText }: ThinkTagOptions): TextFilter {
  let state: "beginning" | "thinking" | "undecided" | "after" | "speaking" = "beginning";
  /** Pieces that are held, without the window's. */
  let held: string[] = [];
  let heldCharacters = 0;
  /** The end of what came: what is looked at for a tag. */
  let window = "";

  const hold = (certain: number): void => {
    held.push(window.slice(0, certain));
    heldCharacters += certain;
    window = window.slice(certain);
  };
  const release = (): string => {
    const text = held.join("") + window;
    held = [];
    heldCharacters = 0;
    window = "";
    return text;
  };
  const speak = (): string => {
    const text = release();
    const isAfter = state === "after";
    state = "speaking";
    return isAfter ? text.trimStart() : text;
  };
  const begin = (): string => {
    const tag = opening.exec(window);
    if (tag !== null) {
      state = "thinking";
      window = window.slice(tag[0].length);
      return think();
    }
    if (openingBegun.test(window) && window.length <= maxLeadingBlanks) return "";
    if (!reasoningInText || state === "after") return speak();
    state = "undecided";
    return decide();
  };
  /** What is thought is told as it comes; only what may be half a tag is held. */
  const think = (): string => {
    const tag = closing.exec(window);
    if (tag !== null) return conclude(tag);
    const certain = Math.max(0, window.length - closingCharacters);
    onReasoning(window.slice(0, certain));
    window = window.slice(certain);
    return "";
  };
  const decide = (): string => {
    const tag = closing.exec(window);
    if (tag !== null) return conclude(tag);
    hold(Math.max(0, window.length - closingCharacters));
    return heldCharacters > maxHeldCharacters ? speak() : "";
  };
  const conclude = (tag: RegExpExecArray): string => {
    const rest = window.slice(tag.index + tag[0].length);
    window = window.slice(0, tag.index);
    onReasoning(release());
    state = "after";
    window = rest;
    return begin();
  };

  return {
    push(piece) {
      if (state === "speaking" || piece === "") return piece;
      window += piece;
      if (state === "thinking") return think();
      return state === "undecided" ? decide() : begin();
    },
    end() {
      if (state !== "thinking") return speak();
      onReasoning(release());
      state = "speaking";
      return "";
    },
  };
}
