const keyOf = (sessionId: string) => `pantheon.draft.${sessionId}`;

/** The text that was written in a session of this tab and not sent. */
export function readDraft(sessionId: string): string {
  return sessionStorage.getItem(keyOf(sessionId)) ?? "";
}

export function keepDraft(sessionId: string, text: string): void {
  if (text === "") sessionStorage.removeItem(keyOf(sessionId));
  else sessionStorage.setItem(keyOf(sessionId), text);
}
