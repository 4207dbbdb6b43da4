/** Characters that may precede a speaker's mark on its line: blanks and invisible characters. */
const invisible = "[^\\S\\r\\n\\u2028\\u2029]|\\p{Default_Ignorable_Code_Point}|>";
const markLine = new RegExp(`(?<=^|[\\v\\f\\u0085])((?:${invisible})*)(?=\\[[^\\r\\n]{0,120}?\\]:)`, "gmu");

/** Escapes marks like `[Name]:` at the beginning of a line, so that no line of a text can pass for another speaker's. */
export function escapeSpeakerMarks(text: string): string {
  return text.includes("]:") ? text.replace(markLine, "$1\\") : text;
}

/** Blanks before a mark. With the longest name at most 130 characters are held back. */
const maxBlanksBefore = 7;

export type MarkFilter = {
  /** Returns the next piece without the mark. Holds back what may still become the mark. */
  push(piece: string): string;
  /** Returns what was held back. */
  end(): string;
};

/**
 * Removes an agent's own mark from the beginning of its reply, piece by piece. Models copy it from the conversation in
 * their prompt. The result does not depend on how the reply is cut into pieces.
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

/** A complete reply without its agent's own mark. */
export function stripOwnMark(name: string, reply: string): string {
  const filter = createMarkFilter(name);
  return filter.push(reply) + filter.end();
}
