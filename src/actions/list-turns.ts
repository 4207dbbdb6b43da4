import type { Page, PageRequest } from "../db/core/page.ts";
import type { StoredTurn } from "../db/turn/stored-turn.ts";
import { loadTurns } from "../db/turn/turns.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** The session's stored turns, first turn first. */
export async function listTurns(
  deps: Deps,
  user: User,
  sessionId: string,
  page: PageRequest,
): Promise<Page<StoredTurn>> {
  const found = await loadTurns(deps.db, { sessionId, userId: user.userId }, page);
  if (!found.sessionFound) throw notFound();
  return found.page;
}
