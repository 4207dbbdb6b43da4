/** The beginning of a text, on one line. */
export function truncate(text: string, maxLength: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1)}…`;
}

/** The result of a tool without the label and the fence that the Worker puts around it for models. */
export function stripFence(text: string): string {
  return /<(untrusted_text_\d+) [^>]*>\n([\s\S]*)\n<\/\1>/.exec(text)?.[2] ?? text;
}
