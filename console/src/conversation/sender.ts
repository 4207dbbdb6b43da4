import { toApiError } from "../api/problem.ts";
import type { Turn } from "../api/types.ts";
import type { ConversationBase } from "./conversation-state.ts";
import { newLiveTurn } from "./live-turn.ts";
import { createNextTurns } from "./next-turns.ts";
import { forgetPending, type PendingTurn, recallPending, rememberPending } from "./pending-turn.ts";
import { type RunOptions, runTurn } from "./run-turn.ts";

/** What a message does while a turn runs: it waits until the turn is over, or ends it. */
export type WhenBusy = "queue" | "interrupt";

export type SendOutcome = "accepted" | "refused";

/** `isAccepted`: the server has the turn already. */
type Sending = Partial<Pick<RunOptions, "isAccepted" | "onAccepted" | "first">>;

/** Sends messages, and follows their turns one after the other. */
export function createSender(base: ConversationBase, onStored: (turn: Turn) => void) {
  const { api, sessionId, state, change, signal } = base;
  const next = createNextTurns(base);
  /** What was sent and not accepted: the same text again has the same key, so that no turn runs twice. */
  let unanswered: PendingTurn | undefined;

  const run = async (pending: PendingTurn, sending: Sending): Promise<void> => {
    const { isAccepted = false, onAccepted = nothing, first } = sending;
    const live = newLiveTurn(pending);
    rememberPending(sessionId, pending);
    // The end of one turn is no reason to hide why another was refused.
    change(pending.turnId === undefined ? { live, refusal: undefined, refusedMessage: undefined } : { live });
    // A frame may come after the turn's end: then the next turn is shown in its place.
    let isOver = false;
    const onChange = onceAFrame(() => {
      if (!isOver) change({ live: { ...live } });
    });
    try {
      const options = { sessionId, pending, live, isAccepted, first, onAccepted, onChange, signal };
      const turn = await runTurn(api, options);
      isOver = true;
      onStored(turn);
      unanswered = undefined;
      forgetPending(sessionId);
    } catch (failure) {
      isOver = true;
      if (signal.aborted) return;
      unanswered = pending;
      forgetPending(sessionId);
      change({ live: undefined, refusal: toApiError(failure), refusedMessage: pending.message });
    }
    void followNext();
  };

  /** Follows the turn that comes after the one that is over. */
  const followNext = async (): Promise<void> => {
    if (signal.aborted || state.get().live !== undefined) return;
    const turn = next.take();
    if (turn === undefined) return;
    void run(turn.pending, { isAccepted: true, first: turn.first });
    await next.loadWaiting();
  };

  /** Sends a message while a turn runs. */
  const sendToBusy = async (pending: PendingTurn, whenBusy: WhenBusy): Promise<SendOutcome> => {
    try {
      await next[whenBusy](pending);
      unanswered = undefined;
      await next.loadWaiting();
      await followNext();
      return "accepted";
    } catch (failure) {
      unanswered = pending;
      change({ refusal: toApiError(failure) });
      return "refused";
    }
  };

  return {
    loadWaiting: next.loadWaiting,
    send(message: string, whenBusy: WhenBusy): Promise<SendOutcome> {
      const known = unanswered?.message === message ? unanswered : undefined;
      const pending = known ?? { key: crypto.randomUUID(), message, retryOf: undefined };
      if (state.get().live !== undefined) return sendToBusy(pending, whenBusy);
      return new Promise((resolve) => {
        void run(pending, { onAccepted: () => resolve("accepted") }).then(() => resolve("refused"));
      });
    },
    retry: (turnId: string) => run({ key: crypto.randomUUID(), message: undefined, retryOf: turnId }, {}),
    /** Goes on with the turn that this tab sent before, and with those that wait. */
    async resume(): Promise<void> {
      const pending = recallPending(sessionId);
      if (pending !== undefined && state.get().live === undefined) void run(pending, { isAccepted: true });
      await next.loadWaiting();
      await followNext();
    },
  };
}

const nothing = () => undefined;

/** Calls `draw` at most once a frame, however often it is wanted. */
function onceAFrame(draw: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      draw();
    });
  };
}
