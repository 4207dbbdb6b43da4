import type { ConversationBase } from "./conversation-state.ts";
import type { PendingTurn } from "./pending-turn.ts";
import { rememberPending } from "./pending-turn.ts";
import { sendTurn, turnIdOf } from "./run-turn.ts";

/** `first`: the answer to its request, where it was sent already. */
type NextTurn = { pending: PendingTurn; first: Response | undefined; turnId: string | undefined };

/** The turns that come after the running one: one that takes its place, and those that wait on the server. */
export function createNextTurns({ api, sessionId, state, change, signal }: ConversationBase) {
  let next: NextTurn | undefined;
  /** Turns that are or were shown as running. The server's queue may still have them. */
  const followed = new Set<string>();
  const follow = (turn: NextTurn) => {
    next = turn;
    if (turn.turnId !== undefined) followed.add(turn.turnId);
  };
  return {
    async loadWaiting(): Promise<void> {
      const queue = await api.queue(sessionId).catch(() => state.get().waiting);
      change({ waiting: queue.filter(({ id }) => !followed.has(id)) });
    },
    /** Takes the turn that comes next; undefined: there is none. */
    take(): Pick<NextTurn, "pending" | "first"> | undefined {
      const [head] = state.get().waiting;
      const turn = next;
      if (turn !== undefined) {
        next = undefined;
        return turn;
      }
      if (head === undefined) return undefined;
      const { id: turnId, user_input: message } = head;
      followed.add(turnId);
      return { pending: { key: turnId, message, retryOf: undefined, turnId }, first: undefined };
    },
    /** Sends a message that ends the running turn and takes its place. */
    async interrupt(message: PendingTurn): Promise<void> {
      const pending = { ...message, interrupts: true };
      const first = await sendTurn(api, { sessionId, pending, signal });
      // The turn that was to come next now waits as well.
      await next?.first?.body?.cancel();
      followed.delete(next?.turnId ?? "");
      follow({ pending, first, turnId: turnIdOf(first) });
      rememberPending(sessionId, pending);
    },
    /** Sends a message that waits for the end of the running turn. */
    async queue(message: PendingTurn): Promise<void> {
      const { id: turnId, status } = await api.queueTurn(sessionId, message.message ?? "", message.key);
      if (status !== "queued") follow({ pending: { ...message, turnId }, first: undefined, turnId });
    },
  };
}
