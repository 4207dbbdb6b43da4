/** The output of one agent in the terminal: its words after its name, in lines of at most `width` columns. */
export type AgentOutput = {
  /** Takes text in pieces of any length. */
  write(text: string): void;
  /** Prints a line about the agent. */
  note(text: string): void;
  /** Ends the text and prints what is left of it. */
  flush(): void;
};

/**
 * Prints words as they arrive, or whole lines with `inWholeLines`, so that the texts of agents that answer in
 * parallel do not mix. Each line begins with `label`, which takes `labelWidth` columns.
 */
export function createAgentOutput({
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
}): AgentOutput {
  let line = "";
  let pending = "";
  let isLineOpen = false;
  let gap = "";
  let word = "";

  const put = (text: string) => {
    pending += isLineOpen ? text : label + text;
    isLineOpen = true;
    line += text;
    if (!inWholeLines) show();
  };
  const show = () => {
    if (pending !== "") write(pending);
    pending = "";
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
  const flush = () => {
    endWord();
    gap = "";
    if (isLineOpen) endLine();
  };

  return {
    write(text) {
      for (const piece of withoutControls(text).split(/(\n|[^\S\n]+)/)) {
        if (piece !== "" && piece.trim() === "") endWord();
        if (piece === "\n") endLine();
        else if (piece.trim() === "") gap += piece;
        else word += piece;
      }
    },
    note(text) {
      flush();
      put(withoutControls(text));
      endLine();
    },
    flush,
  };
}

/** Text of a model or a web page must not control the terminal. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, "");
}
