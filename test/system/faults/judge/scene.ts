import type { RoundResult } from "../report.ts";
import type { Protocol } from "../scenarios/protocol.ts";
import { wholeAnswer } from "../scenarios/script.ts";
import type { Scene } from "../testbed/scene.ts";
import type { Testbed } from "../testbed/testbed.ts";
import { auditBooks } from "./books.ts";
import { readSessionRows } from "./session-rows.ts";
import { auditTurns } from "./turns.ts";

/** Judges a scene in which nothing is under way any more: its turns are whole, its books balance. */
export async function judgeScene(
  { sql, peers }: Testbed,
  scene: Scene,
  what: string,
  protocol: Protocol,
): Promise<RoundResult> {
  const rows = await readSessionRows(sql, scene.sessionId);
  const { entries } = scene.models.journal;
  protocol.count("turns", rows.turns.length);
  protocol.count("calls", entries.length);
  protocol.count("estimates", rows.ledger.filter(({ status }) => status === "unknown").length);
  protocol.violations.push(...auditBooks(entries, rows), ...auditTurns(rows, wholeAnswer));
  peers.forget(scene.id);
  return { what, ...protocol };
}
