/** What may stand before the mark of a speaker on its line: blanks, and characters that nobody sees. */
const unseen = "[^\\S\\r\\n\\u2028\\u2029]|\\p{Default_Ignorable_Code_Point}|>";
const markLine = new RegExp(`(?<=^|[\\v\\f\\u0085])((?:${unseen})*)(?=\\[[^\\r\\n]{0,120}?\\]:)`, "gmu");

/** A text as prompts show it: no line of it can pass for the words of somebody else, as in `[Name]: …`. */
export function escapeSpeakerMarks(text: string): string {
  return text.includes("]:") ? text.replace(markLine, "$1\\") : text;
}

/** Before a mark; with the longest name 130 characters are held back at most. */
const maxBlanksBefore = 7;

export type MarkFilter = {
  /** Gives the next piece without the mark; what may still become one is held back. */
  push(piece: string): string;
  /** What was held back and is none. */
  end(): string;
};

/**
 * Takes an agent's own mark off the beginning of its reply, piece by piece: models copy it from the conversation
 * that they are shown. Where a reply is cut into pieces makes no difference to what is left of it.
 */
export function createMarkFilter(name: string): MarkFilter {
  const mark = `[${name}]:`;
  let held: string | null = "";
  let isMarked = false;
  const release = (): string => {
    const text = held ?? "";
    held = null;
    return text;
  };
  return {
    push(piece) {
      if (held === null) return piece;
      let text = held + piece;
      for (;;) {
        const words = text.trimStart();
        held = isMarked ? words : text;
        if (!isMarked && text.length - words.length > maxBlanksBefore) return release();
        const beginning = words.slice(0, mark.length).toLowerCase();
        if (beginning !== mark.toLowerCase()) {
          return mark.toLowerCase().startsWith(beginning) ? "" : release();
        }
        isMarked = true;
        text = words.slice(mark.length);
      }
    },
    end: release,
  };
}

/** A whole reply without its agent's own mark. */
export function stripOwnMark(name: string, reply: string): string {
  const filter = createMarkFilter(name);
  return filter.push(reply) + filter.end();
}
