import type { Api } from "../api/api.ts";
import { toApiError } from "../api/problem.ts";
import type { TurnDetail } from "../api/types.ts";
import type { Cell } from "../cell.ts";
import { type ConversationState, createConversationBase } from "./conversation-state.ts";
import { createSender, type SendOutcome, type WhenBusy } from "./sender.ts";
import { createDetails } from "./turn-details.ts";
import { createTurnPages } from "./turn-pages.ts";

export type Conversation = {
  state: Cell<ConversationState>;
  load(): Promise<void>;
  /** Loads the turns before the oldest that is shown. */
  loadOlder(): Promise<void>;
  /** Resolves once the message is accepted, or refused: then its text is still wanted. */
  send(message: string, whenBusy: WhenBusy): Promise<SendOutcome>;
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

/** The turns of one session, and the one that runs. @param onStored is called after a turn is stored. */
export function createConversation(api: Api, sessionId: string, onStored: () => void): Conversation {
  const closing = new AbortController();
  const base = createConversationBase(api, sessionId, closing.signal);
  const { state, change } = base;
  const details = createDetails(api, sessionId);
  const pages = createTurnPages(base);
  const sender = createSender(base, (turn) => {
    details.forget(turn.id);
    pages.showStored(turn);
    onStored();
  });
  const cancel = (turnId: string) =>
    api.cancelTurn(sessionId, turnId).catch((failure) => change({ refusal: toApiError(failure) }));
  return {
    state,
    async load() {
      try {
        change({ loadError: undefined });
        await pages.loadLatest();
        await sender.resume();
      } catch (failure) {
        change({ loadError: toApiError(failure) });
      }
    },
    loadOlder: pages.loadOlder,
    send: sender.send,
    retry: sender.retry,
    async stop() {
      const turnId = state.get().live?.turnId;
      if (turnId !== undefined) await cancel(turnId);
    },
    async withdraw(turnId) {
      await cancel(turnId);
      await sender.loadWaiting();
    },
    async deleteMessage(turnId, messageId) {
      const id = messageId ?? (await findQuestion(api, sessionId, turnId));
      if (id !== undefined) await api.deleteMessage(sessionId, id);
      details.forget(turnId);
      const read = await details.read(turnId);
      if (read !== undefined) pages.replace(read);
    },
    dismissRefusal: () => change({ refusal: undefined }),
    detail: details.read,
    close: () => closing.abort(),
  };
}

/** The id of the message that a turn answers; undefined: it was deleted. */
async function findQuestion(api: Api, sessionId: string, turnId: string): Promise<string | undefined> {
  const turn = await api.turn(sessionId, turnId);
  return "messages" in turn ? turn.messages.find(({ role }) => role === "user")?.id : undefined;
}
