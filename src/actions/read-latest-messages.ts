import { type LatestMessage, loadLatestMessages } from "../db/latest-messages.ts";
import type { Deps } from "../deps.ts";
import type { User } from "../domain/user.ts";

/** The end of the session's shared conversation, oldest first: at most 400 messages and 1 MiB of text. */
export function readLatestMessages(
  deps: Pick<Deps, "db">,
  user: User,
  sessionId: string,
): Promise<LatestMessage[]> {
  return loadLatestMessages(deps.db, { sessionId, userId: user.userId });
}
