/** What a log line may say of an error: its text can contain stored values. */
export function nameOfError(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}
