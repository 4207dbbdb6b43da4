import type { RoundResult } from "../report.ts";
import type { RoundLog } from "../scenarios/round-log.ts";
import { wholeAnswer } from "../scenarios/script.ts";
import type { SessionFixture } from "../testbed/session-fixture.ts";
import type { Testbed } from "../testbed/testbed.ts";
import { checkLedger } from "./ledger.ts";
import { checkMoney } from "./money.ts";
import { readSessionRows } from "./session-rows.ts";
import { checkTurns } from "./turns.ts";

/** Checks a session in which nothing is in flight: its turns are complete, and its ledger equals the journal. */
export async function checkSession(
  { sql, peers }: Testbed,
  fixture: SessionFixture,
  what: string,
  roundLog: RoundLog,
): Promise<RoundResult> {
  const rows = await readSessionRows(sql, fixture.sessionId);
  const { entries } = fixture.models.journal;
  roundLog.count("turns", rows.turns.length);
  roundLog.count("calls", entries.length);
  roundLog.count("estimates", rows.ledger.filter(({ status }) => status === "unknown").length);
  roundLog.violations.push(...checkLedger(entries, rows), ...checkTurns(rows, wholeAnswer));
  roundLog.violations.push(...(await checkMoney(sql, fixture.sessionId)));
  peers.forget(fixture.id);
  return { what, ...roundLog };
}
