import type { SessionFixture } from "../testbed/session-fixture.ts";
import type { Testbed } from "../testbed/testbed.ts";
import { findPaidTwice, readStoredCalls } from "./stored-answers.ts";

/** What is stored of a run that has no holder. */
export type StoredRun = {
  isClaimed: boolean;
  /** Answers that were stored then and have been asked for again since. */
  paidTwice(): string[];
};

/** Reads it once no request is in flight at the database. */
export async function readStoredRun({ gateway, sql }: Testbed, fixture: SessionFixture): Promise<StoredRun> {
  await gateway.idle();
  const { entries } = fixture.models.journal;
  const known = entries.length;
  const storedCalls = await readStoredCalls(sql, fixture.sessionId, entries);
  return {
    isClaimed: (await fixture.claim()) !== undefined,
    paidTwice: () => findPaidTwice(entries, known, storedCalls),
  };
}
