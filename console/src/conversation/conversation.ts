import type { Api } from "../api/api.ts";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { QueuedTurn, Turn, TurnDetail } from "../api/types.ts";
import { type Cell, createCell } from "../cell.ts";
import { type LiveTurn, newLiveTurn } from "./live-turn.ts";
import { forgetPending, type PendingTurn, recallPending, rememberPending } from "./pending-turn.ts";
import { runTurn, sendTurn, turnIdOf } from "./run-turn.ts";
import { createDetails } from "./turn-details.ts";

export type ConversationState = {
  /** Stored turns, oldest first; undefined until they have come. */
  turns: readonly Turn[] | undefined;
  /** True: there are turns before these. */
  hasOlder: boolean;
  live: LiveTurn | undefined;
  /** Messages that wait for the turn that runs, the next one first. */
  waiting: readonly QueuedTurn[];
  /** Why the turns could not be loaded. */
  loadError: ApiError | undefined;
  /** Why the last message or retry was refused. */
  refusal: ApiError | undefined;
  /** The message that was refused or not stored: its text is still wanted. */
  refusedMessage: string | undefined;
};

/** What a message does while a turn runs: it waits until the turn is over, or ends it. */
export type WhenBusy = "queue" | "interrupt";

type NextTurn = { pending: PendingTurn; first: Response | undefined; turnId: string | undefined };

type Outcome = "accepted" | "refused";

export type Conversation = {
  state: Cell<ConversationState>;
  load(): Promise<void>;
  /** Brings in the turns before the oldest that is shown. */
  loadOlder(): Promise<void>;
  /** Resolves once the message is accepted, or refused: then its text is still wanted. */
  send(message: string, whenBusy: WhenBusy): Promise<Outcome>;
  /** Asks the failed agents of the latest turn again. */
  retry(turnId: string): Promise<void>;
  /** Ends the running turn: what has been answered is kept. */
  stop(): Promise<void>;
  /** A message that waits is not sent to the agents. */
  withdraw(turnId: string): Promise<void>;
  /** Deletes a stored message, and reads its turn again. @param messageId undefined: the turn's question. */
  deleteMessage(turnId: string, messageId: string | undefined): Promise<void>;
  dismissRefusal(): void;
  /** A turn with its calls and audit; asked for once. undefined: it cannot be read now. */
  detail(turnId: string): Promise<TurnDetail | undefined>;
  /** Stops watching. A running turn goes on, and is found again. */
  close(): void;
};

const nothingYet: ConversationState = {
  turns: undefined,
  hasOlder: false,
  live: undefined,
  waiting: [],
  loadError: undefined,
  refusal: undefined,
  refusedMessage: undefined,
};

/** The turns of one session, and the one that runs. @param onStored is called after a turn is stored. */
export function createConversation(api: Api, sessionId: string, onStored: () => void): Conversation {
  const state = createCell(nothingYet);
  const change = (part: Partial<ConversationState>) => state.set({ ...state.get(), ...part });
  const closing = new AbortController();
  const details = createDetails(api, sessionId);
  /** What was sent and not accepted: the same text again has the same key, so that no turn runs twice. */
  let unanswered: PendingTurn | undefined;
  /** The turn to be followed when the present one is over. */
  let next: NextTurn | undefined;
  /** Turns that are or were shown as running. The server's queue may still have them. */
  const followed = new Set<string>();
  let isLoadingOlder = false;

  const showStored = (turn: Turn) => {
    details.forget(turn.id);
    const others = (state.get().turns ?? []).filter(({ id }) => id !== turn.id);
    const turns = [...others, turn].toSorted((left, right) => left.turn_index - right.turn_index);
    change({ turns, live: undefined });
    onStored();
  };

  const run = async (
    pending: PendingTurn,
    isAccepted: boolean,
    onAccepted: () => void,
    first?: Response,
  ): Promise<void> => {
    const live = newLiveTurn(pending);
    rememberPending(sessionId, pending);
    // The end of one turn is no reason to hide why another was refused.
    change(pending.turnId === undefined ? { live, refusal: undefined, refusedMessage: undefined } : { live });
    const draw = onceAFrame(() => state.get().live !== undefined && change({ live: { ...live } }));
    const watch = { onAccepted, onChange: draw, signal: closing.signal };
    try {
      showStored(await runTurn(api, { sessionId, pending, live, isAccepted, first, ...watch }));
      unanswered = undefined;
      forgetPending(sessionId);
    } catch (failure) {
      if (closing.signal.aborted) return;
      unanswered = pending;
      forgetPending(sessionId);
      change({ live: undefined, refusal: toApiError(failure), refusedMessage: pending.message });
    }
    void followNext();
  };

  const loadWaiting = async () => {
    const queue = await api.queue(sessionId).catch(() => state.get().waiting);
    change({ waiting: queue.filter(({ id }) => !followed.has(id)) });
  };

  /** Follows the turn that comes after the one that is over. */
  const followNext = async () => {
    if (closing.signal.aborted || state.get().live !== undefined) return;
    const [head] = state.get().waiting;
    if (next !== undefined) {
      const { pending, first } = next;
      next = undefined;
      void run(pending, true, nothing, first);
    } else if (head !== undefined) {
      const { id: turnId, user_input: message } = head;
      followed.add(turnId);
      void run({ key: turnId, message, retryOf: undefined, turnId }, true, nothing);
    } else return;
    await loadWaiting();
  };

  /** Sends a message while a turn runs. */
  const sendToBusy = async (pending: PendingTurn, whenBusy: WhenBusy): Promise<Outcome> => {
    try {
      if (whenBusy === "interrupt") {
        const interrupting = { ...pending, interrupts: true };
        const first = await sendTurn(api, { sessionId, pending: interrupting, signal: closing.signal });
        // The turn that was to come next now waits as well.
        await next?.first?.body?.cancel();
        followed.delete(next?.turnId ?? "");
        follow({ pending: interrupting, first, turnId: turnIdOf(first) });
        rememberPending(sessionId, interrupting);
      } else {
        const { id: turnId, status } = await api.queueTurn(sessionId, pending.message ?? "", pending.key);
        if (status !== "queued") follow({ pending: { ...pending, turnId }, first: undefined, turnId });
      }
      unanswered = undefined;
      await loadWaiting();
      await followNext();
      return "accepted";
    } catch (failure) {
      unanswered = pending;
      change({ refusal: toApiError(failure) });
      return "refused";
    }
  };
  const follow = (turn: NextTurn) => {
    next = turn;
    if (turn.turnId !== undefined) followed.add(turn.turnId);
  };

  return {
    state,
    async load() {
      try {
        change({ loadError: undefined });
        const { data, has_more: hasOlder } = await api.turns(sessionId);
        // A turn that was stored meanwhile may be missing in the answer.
        const stored = (state.get().turns ?? []).filter(({ id }) => data.every((turn) => turn.id !== id));
        change({ turns: [...data.toReversed(), ...stored], hasOlder });
        const pending = recallPending(sessionId);
        if (pending !== undefined && state.get().live === undefined) void run(pending, true, nothing);
        await loadWaiting();
        await followNext();
      } catch (failure) {
        change({ loadError: toApiError(failure) });
      }
    },
    async loadOlder() {
      const { turns: known = [], hasOlder } = state.get();
      const oldest = known[0];
      if (oldest === undefined || !hasOlder || isLoadingOlder) return;
      isLoadingOlder = true;
      try {
        const { data, has_more } = await api.turns(sessionId, oldest.id);
        change({ turns: [...data.toReversed(), ...(state.get().turns ?? [])], hasOlder: has_more });
      } catch (failure) {
        change({ loadError: toApiError(failure) });
      } finally {
        isLoadingOlder = false;
      }
    },
    send(message, whenBusy) {
      const known = unanswered?.message === message ? unanswered : undefined;
      const pending = known ?? { key: crypto.randomUUID(), message, retryOf: undefined };
      if (state.get().live !== undefined) return sendToBusy(pending, whenBusy);
      return new Promise((resolve) => {
        void run(pending, false, () => resolve("accepted")).then(() => resolve("refused"));
      });
    },
    retry: (turnId) => run({ key: crypto.randomUUID(), message: undefined, retryOf: turnId }, false, nothing),
    async stop() {
      const turnId = state.get().live?.turnId;
      if (turnId === undefined) return;
      await api.cancelTurn(sessionId, turnId).catch((failure: unknown) => {
        change({ refusal: toApiError(failure) });
      });
    },
    async withdraw(turnId) {
      await api.cancelTurn(sessionId, turnId).catch((failure: unknown) => {
        change({ refusal: toApiError(failure) });
      });
      await loadWaiting();
    },
    async deleteMessage(turnId, messageId) {
      const id = messageId ?? (await findQuestion(api, sessionId, turnId));
      if (id !== undefined) await api.deleteMessage(sessionId, id);
      details.forget(turnId);
      const read = await details.read(turnId);
      if (read === undefined) return;
      const turns = (state.get().turns ?? []).map((turn) => (turn.id === turnId ? read : turn));
      change({ turns });
    },
    dismissRefusal: () => change({ refusal: undefined }),
    detail: details.read,
    close: () => closing.abort(),
  };
}

const nothing = () => undefined;

/** The id of the message that a turn answers; undefined: it was deleted. */
async function findQuestion(api: Api, sessionId: string, turnId: string): Promise<string | undefined> {
  const turn = await api.turn(sessionId, turnId);
  return "messages" in turn ? turn.messages.find(({ role }) => role === "user")?.id : undefined;
}

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
