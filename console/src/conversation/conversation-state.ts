import type { Api } from "../api/api.ts";
import type { ApiError } from "../api/problem.ts";
import type { QueuedTurn, Turn } from "../api/types.ts";
import { type Cell, createCell } from "../cell.ts";
import type { LiveTurn } from "./live-turn.ts";

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

/** What the parts of a conversation share. */
export type ConversationBase = {
  api: Api;
  sessionId: string;
  state: Cell<ConversationState>;
  change: (part: Partial<ConversationState>) => void;
  /** Aborts once the conversation is closed. */
  signal: AbortSignal;
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

export function createConversationBase(api: Api, sessionId: string, signal: AbortSignal): ConversationBase {
  const state = createCell(nothingYet);
  return { api, sessionId, state, change: (part) => state.set({ ...state.get(), ...part }), signal };
}
