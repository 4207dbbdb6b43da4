import { loadTurn, type RunningTurn, type TurnFindings } from "../db/turn/turns.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

export type FoundTurn =
  | { kind: "stored"; stored: NonNullable<TurnFindings["stored"]>; isRetrying: boolean }
  | { kind: "running"; running: RunningTurn };

/** One turn of the caller's, stored or still under way. */
export async function readTurn(
  deps: Pick<Deps, "db">,
  user: User,
  sessionId: string,
  turnId: string,
): Promise<FoundTurn> {
  const { sessionFound, stored, running } = await loadTurn(
    deps.db,
    { sessionId, userId: user.userId },
    turnId,
  );
  if (sessionFound && stored !== undefined)
    return { kind: "stored", stored, isRetrying: running !== undefined };
  if (sessionFound && running !== undefined) return { kind: "running", running };
  throw notFound();
}
