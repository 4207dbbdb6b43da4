import { setTimeout as delay } from "node:timers/promises";
import type { SessionFixture } from "../testbed/session-fixture.ts";
import type { Testbed } from "../testbed/testbed.ts";
import type { Workerd } from "../testbed/workerd.ts";
import type { RoundLog } from "./round-log.ts";

const pollMs = 200;
const maxWaitMs = 90_000;

/** Waits until nothing runs and nothing waits. The job of every minute is called now and then, on one Worker after another. */
export async function drainQueue(
  { sql }: Pick<Testbed, "sql">,
  { sessionId }: SessionFixture,
  workers: readonly Workerd[],
  roundLog: RoundLog,
): Promise<void> {
  const deadlineMs = Date.now() + maxWaitMs;
  for (let polls = 1; ; polls += 1) {
    const { rows } = await sql.query(
      `select (select count(*) from turn_claims where session_id = $1)::int
        + (select count(*) from queued_turns where session_id = $1 and status = 'waiting')::int as left`,
      [sessionId],
    );
    if (rows[0].left === 0) return;
    if (Date.now() > deadlineMs) {
      roundLog.violations.push(`${rows[0].left} turns wait or run for ever`);
      return;
    }
    if (polls % 10 === 0) await workers[(polls / 10) % workers.length]?.callScheduled();
    await delay(pollMs);
  }
}
