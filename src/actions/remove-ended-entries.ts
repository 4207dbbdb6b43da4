import { deleteEndedEntries } from "../db/turn/session-queue.ts";
import type { Deps } from "../deps.ts";
import { endedEntryDays } from "../domain/turn/queued-turn.ts";

/** Removes what the queues of sessions keep of turns that were not started. */
export async function removeEndedEntries({ db, log }: Deps): Promise<void> {
  log.info("queue_entries_removed", { entries: await deleteEndedEntries(db, endedEntryDays) });
}
