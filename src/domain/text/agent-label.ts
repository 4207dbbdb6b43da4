/** The author before a text, as Markdown. On a line of its own: the text may begin with Markdown that must begin a line. */
export function agentLabel(name: string): string {
  return `**${escapeMarkdown(name)}:**\n\n`;
}

/** That an agent failed, as Markdown. */
export function agentFailureText(
  name: string,
  { code, message }: { code?: string | undefined; message: string },
): string {
  return `**${escapeMarkdown(name)}** could not answer: ${message}${code === undefined ? "" : ` (\`${code}\`)`}`;
}

function escapeMarkdown(name: string): string {
  return name.replace(/[\\`*_~]/g, "\\$&");
}
