import type { Api } from "../api/api.ts";
import type { TurnDetail } from "../api/types.ts";

/** The details of a session's turns; each is asked for once. */
export function createDetails(api: Api, sessionId: string) {
  const known = new Map<string, Promise<TurnDetail | undefined>>();
  const load = async (turnId: string) => {
    const turn = await api.turn(sessionId, turnId).catch(() => undefined);
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
