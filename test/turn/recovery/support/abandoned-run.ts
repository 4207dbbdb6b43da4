import { renewalsAnswered } from "../../../support/database-requests.ts";
import { silenceRecovery } from "../../../support/session-objects.ts";
import type { TurnFixture } from "../../../support/turn-fixture.ts";
import { until } from "../../../support/until.ts";
import { type Caller, callerOf } from "../../modes/support/model-calls.ts";

type Place = Pick<TurnFixture, "sql" | "sessionId">;

/** Lets the lease of the run under way run out, as if its holder had been gone for long, and its object with it. */
export async function expireLease(place: Place, ago = "1 second"): Promise<void> {
  silenceRecovery(place.sessionId);
  await endLease(place, ago);
}

/** Lets the lease of the run under way run out. The session's object answers, and may take the run over. */
export async function endLease({ sql, sessionId }: Place, ago = "1 second"): Promise<void> {
  // One that is answered later would set the lease again.
  await renewalsAnswered(sessionId);
  await sql`update turn_claims set lease_until = clock_timestamp() - ${ago}::interval
    where session_id = ${sessionId}`;
}

/**
 * Resolves once so many answers of the run under way are stored: steps (0: its input), or what
 * tasks of one have written.
 */
export async function answersStored(
  { sql, sessionId }: Place,
  wanted: { steps?: number; answers?: number },
): Promise<void> {
  await until(`${JSON.stringify(wanted)} are stored`, async () => {
    const [found] = await sql`select
      (select coalesce(max((k.metadata ->> 'step')::int), -1) from checkpoints k
        where k.thread_id = c.run_id::text) as steps,
      (select count(*)::int from checkpoint_writes w where w.thread_id = c.run_id::text and w.channel = 'replies')
        as answers
      from turn_claims c where c.session_id = ${sessionId}`;
    return found?.steps >= (wanted.steps ?? -1) && found?.answers >= (wanted.answers ?? 0);
  });
}

/** Whom the model server was asked for, in order of arrival. */
export async function listCallers({ models }: Pick<TurnFixture, "models">): Promise<Caller[]> {
  return (await models.journal()).map(callerOf);
}
