import type { Page, PageRequest } from "../db/core/page.ts";
import { loadSummaries } from "../db/rooms/summaries.ts";
import type { SummaryRow } from "../db/turn/stored-turn.ts";
import type { Deps } from "../deps.ts";
import { notFound } from "../domain/errors.ts";
import type { User } from "../domain/user.ts";

/** The session's rolling summaries, newest first. */
export async function listSummaries(
  deps: Deps,
  user: User,
  sessionId: string,
  page: PageRequest,
): Promise<Page<SummaryRow>> {
  const found = await loadSummaries(deps.db, { sessionId, userId: user.userId }, page);
  if (found === undefined) throw notFound();
  return found;
}
