/** A turn that was sent from this tab and whose end has not come: a reload goes on with it. */
export type PendingTurn = {
  key: string;
  message: string | undefined;
  retryOf: string | undefined;
  /** True: it ends the turn that runs. */
  interrupts?: boolean;
  /** Of a turn that the server has, and that is followed without its key. */
  turnId?: string;
};

const keyOf = (sessionId: string) => `pantheon.pending.${sessionId}`;

export function rememberPending(sessionId: string, turn: PendingTurn): void {
  sessionStorage.setItem(keyOf(sessionId), JSON.stringify(turn));
}

export function recallPending(sessionId: string): PendingTurn | undefined {
  const kept = sessionStorage.getItem(keyOf(sessionId));
  return kept === null ? undefined : JSON.parse(kept);
}

export function forgetPending(sessionId: string): void {
  sessionStorage.removeItem(keyOf(sessionId));
}
