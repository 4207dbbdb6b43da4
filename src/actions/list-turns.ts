import type { Page, PageRequest } from "../db/core/page.ts";
import { type ListedTurn, loadTurns } from "../db/turn/list-turns.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** The session's stored turns, first turn first. */
export async function listTurns(
  deps: Deps,
  user: User,
  sessionId: string,
  page: PageRequest,
): Promise<Page<ListedTurn>> {
  const found = await loadTurns(deps.db, { sessionId, userId: user.userId }, page);
  if (!found.sessionFound) throw notFound();
  return found.page;
}
