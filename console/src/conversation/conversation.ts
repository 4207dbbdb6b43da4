import type { Api } from "../api/api.ts";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { Turn, TurnDetail } from "../api/types.ts";
import { type Cell, createCell } from "../cell.ts";
import { type LiveTurn, newLiveTurn } from "./live-turn.ts";
import { forgetPending, type PendingTurn, recallPending, rememberPending } from "./pending-turn.ts";
import { runTurn } from "./run-turn.ts";

export type ConversationState = {
  /** Stored turns, oldest first; undefined until they have come. */
  turns: readonly Turn[] | undefined;
  /** True: there are turns before these. */
  hasOlder: boolean;
  live: LiveTurn | undefined;
  /** Why the turns could not be loaded. */
  loadError: ApiError | undefined;
  /** Why the last message or retry was refused. */
  refusal: ApiError | undefined;
  /** The message that was refused or not stored: its text is still wanted. */
  refusedMessage: string | undefined;
};

export type Conversation = {
  state: Cell<ConversationState>;
  load(): Promise<void>;
  /** Brings in the turns before the oldest that is shown. */
  loadOlder(): Promise<void>;
  /** Resolves once the message is accepted, or refused: then its text is still wanted. */
  send(message: string): Promise<"accepted" | "refused">;
  /** Asks the failed agents of the latest turn again. */
  retry(turnId: string): Promise<void>;
  /** Ends the running turn: what has been answered is kept. */
  stop(): Promise<void>;
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
  let isLoadingOlder = false;

  const keep = (turn: Turn) => {
    details.forget(turn.id);
    const others = (state.get().turns ?? []).filter(({ id }) => id !== turn.id);
    const turns = [...others, turn].toSorted((left, right) => left.turn_index - right.turn_index);
    change({ turns, live: undefined });
    onStored();
  };

  const run = async (pending: PendingTurn, isAccepted: boolean, onAccepted: () => void) => {
    const live = newLiveTurn(pending);
    rememberPending(sessionId, pending);
    change({ live, refusal: undefined, refusedMessage: undefined });
    const draw = onceAFrame(() => state.get().live !== undefined && change({ live: { ...live } }));
    const watch = { onAccepted, onChange: draw, signal: closing.signal };
    try {
      keep(await runTurn(api, { sessionId, pending, live, isAccepted, ...watch }));
      unanswered = undefined;
      forgetPending(sessionId);
    } catch (failure) {
      if (closing.signal.aborted) return;
      unanswered = pending;
      forgetPending(sessionId);
      change({ live: undefined, refusal: toApiError(failure), refusedMessage: pending.message });
    }
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
    send(message) {
      const known = unanswered?.message === message ? unanswered : undefined;
      const pending = known ?? { key: crypto.randomUUID(), message, retryOf: undefined };
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
    dismissRefusal: () => change({ refusal: undefined }),
    detail: details.read,
    close: () => closing.abort(),
  };
}

const nothing = () => undefined;

function createDetails(api: Api, sessionId: string) {
  const known = new Map<string, Promise<TurnDetail | undefined>>();
  const load = async (turnId: string) => {
    const turn = await api.turn(sessionId, turnId).catch(nothing);
    if (turn !== undefined && "replies" in turn) return turn;
    known.delete(turnId);
    return undefined;
  };
  return {
    forget: (turnId: string) => known.delete(turnId),
    read(turnId: string): Promise<TurnDetail | undefined> {
      const detail = known.get(turnId) ?? load(turnId);
      known.set(turnId, detail);
      return detail;
    },
  };
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
