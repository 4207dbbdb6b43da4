import type { Scene } from "../testbed/scene.ts";
import type { Testbed } from "../testbed/testbed.ts";
import { findPaidTwice, readStoredCalls } from "./stored-answers.ts";

/** What of a run is stored at a moment when nobody works on it. */
export type StoredRun = {
  isClaimed: boolean;
  /** What has been asked again by now although it was stored then. */
  paidTwice(): string[];
};

/** Looks once nothing is under way at the database any more. */
export async function lookAtStoredRun({ gateway, sql }: Testbed, scene: Scene): Promise<StoredRun> {
  await gateway.idle();
  const { entries } = scene.models.journal;
  const known = entries.length;
  const storedCalls = await readStoredCalls(sql, scene.sessionId, entries);
  return {
    isClaimed: (await scene.claim()) !== undefined,
    paidTwice: () => findPaidTwice(entries, known, storedCalls),
  };
}
