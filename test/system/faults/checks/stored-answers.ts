import type pg from "pg";
import type { JournalEntry } from "../../../support/node/model-journal.ts";
import { describeCall, readCallPurpose } from "./call-purpose.ts";

/** Ids of the calls whose answers are in the checkpoints of the session's run. The stored bytes contain the ids. */
export async function readStoredCalls(
  sql: pg.Pool,
  sessionId: string,
  journal: readonly JournalEntry[],
): Promise<string[]> {
  const { rows } = await sql.query<{ call_id: string }>(
    `select distinct j.call_id from unnest($2::text[]) as j(call_id), turn_claims c
      where c.session_id = $1 and (
        exists (select 1 from checkpoint_blobs b where b.thread_id = c.run_id::text
          and position(convert_to(j.call_id, 'UTF8') in b.blob) > 0)
        or exists (select 1 from checkpoint_writes w where w.thread_id = c.run_id::text
          and position(convert_to(j.call_id, 'UTF8') in w.blob) > 0))`,
    [sessionId, journal.map(({ call_id }) => call_id)],
  );
  return rows.map(({ call_id }) => call_id);
}

/** Calls after the first `known` ones that asked for an answer that was stored by then. */
export function findPaidTwice(
  journal: readonly JournalEntry[],
  known: number,
  storedCalls: readonly string[],
): string[] {
  const stored = new Set(
    journal
      .filter(({ call_id }) => storedCalls.includes(call_id))
      .map((entry) => describeCall(readCallPurpose(entry))),
  );
  const later = journal.slice(known).map((entry) => describeCall(readCallPurpose(entry)));
  return later
    .filter((name) => stored.has(name))
    .map((name) => `a stored answer was asked for again: ${name}`);
}
