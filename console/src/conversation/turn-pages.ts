import { toApiError } from "../api/problem.ts";
import type { Turn } from "../api/types.ts";
import type { ConversationBase } from "./conversation-state.ts";

/** The stored turns of a session, from the latest page back. */
export function createTurnPages({ api, sessionId, state, change }: ConversationBase) {
  let isLoadingOlder = false;
  return {
    async loadLatest(): Promise<void> {
      const { data, has_more: hasOlder } = await api.turns(sessionId);
      // A turn that was stored meanwhile may be missing in the answer.
      const stored = (state.get().turns ?? []).filter(({ id }) => data.every((turn) => turn.id !== id));
      change({ turns: [...data.toReversed(), ...stored], hasOlder });
    },
    /** Loads the turns before the oldest that is shown. */
    async loadOlder(): Promise<void> {
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
    /** Shows a stored turn as it was read again. */
    replace(turn: Turn): void {
      change({ turns: (state.get().turns ?? []).map((known) => (known.id === turn.id ? turn : known)) });
    },
    /** Shows the live turn as it was stored. */
    showStored(turn: Turn): void {
      const others = (state.get().turns ?? []).filter(({ id }) => id !== turn.id);
      const turns = [...others, turn].toSorted((left, right) => left.turn_index - right.turn_index);
      change({ turns, live: undefined });
    },
  };
}
