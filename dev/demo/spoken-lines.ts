/** One agent's part of what is shown: words under its name, in lines that are filled up to `width`. */
export type Voice = {
  /** Text in pieces, however it is cut. */
  say(text: string): void;
  /** A line of its own about the agent. */
  note(text: string): void;
  /** The text is over: shows what is left of it. */
  pause(): void;
};

/**
 * Shows words as they come, or, `inWholeLines`, line by line: so that agents who speak at once do not
 * mix. `label` stands in front of every line; it counts as `labelWidth` columns.
 */
export function createVoice({
  label,
  labelWidth,
  width,
  inWholeLines,
  write,
}: {
  label: string;
  labelWidth: number;
  width: number;
  inWholeLines: boolean;
  write: (text: string) => void;
}): Voice {
  let line = "";
  let unshown = "";
  let isLineOpen = false;
  let gap = "";
  let word = "";

  const put = (text: string) => {
    unshown += isLineOpen ? text : label + text;
    isLineOpen = true;
    line += text;
    if (!inWholeLines) show();
  };
  const show = () => {
    if (unshown !== "") write(unshown);
    unshown = "";
  };
  const endLine = () => {
    put("\n");
    show();
    line = "";
    isLineOpen = false;
  };
  const endWord = () => {
    if (word === "") return;
    const isTooLong = line !== "" && labelWidth + line.length + gap.length + word.length > width;
    if (isTooLong) endLine();
    put(isTooLong ? word : gap + word);
    gap = "";
    word = "";
  };
  const pause = () => {
    endWord();
    gap = "";
    if (isLineOpen) endLine();
  };

  return {
    say(text) {
      for (const piece of withoutControls(text).split(/(\n|[^\S\n]+)/)) {
        if (piece !== "" && piece.trim() === "") endWord();
        if (piece === "\n") endLine();
        else if (piece.trim() === "") gap += piece;
        else word += piece;
      }
    },
    note(text) {
      pause();
      put(withoutControls(text));
      endLine();
    },
    pause,
  };
}

/** What comes from a model or the web must not steer the terminal. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, "");
}
