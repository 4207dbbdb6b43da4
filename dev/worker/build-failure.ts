/** The part of esbuild's message that is printed. `location` is null for a failure outside of files. */
type BuildMessage = {
  text: string;
  location?: { file: string; line: number; column: number; lineText: string } | null;
};

/** Says where a build failed: file, line, column, message and the line itself, for each error of esbuild. */
export function describeBuildFailure(cause: unknown): string {
  const errors = readErrors(cause);
  if (errors.length > 0) return errors.map(describeError).join("\n");
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? describeBuildFailure(cause.cause) : cause.message;
}

/** wrangler passes esbuild's failure on, or wraps it as the cause of its own. */
function readErrors(cause: unknown): BuildMessage[] {
  if (typeof cause !== "object" || cause === null) return [];
  if ("errors" in cause && Array.isArray(cause.errors)) return cause.errors;
  return "cause" in cause ? readErrors(cause.cause) : [];
}

function describeError({ text, location }: BuildMessage): string {
  if (!location) return text;
  const { file, line, column, lineText } = location;
  return `${file}:${line}:${column + 1}: ${text}\n  ${lineText.trim()}`;
}
