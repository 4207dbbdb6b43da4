import { wholeAnswer } from "../scenarios/script.ts";
import type { Scene } from "../testbed/scene.ts";
import type { Testbed } from "../testbed/testbed.ts";
import { auditBooks } from "./books.ts";
import { readSessionRows } from "./session-rows.ts";
import { auditTurns } from "./turns.ts";

export type Verdict = { counts: { turns: number; calls: number; estimates: number }; violations: string[] };

/** Judges a scene in which nothing is under way any more: its turns are whole, its books balance. */
export async function judgeScene({ sql, peers }: Testbed, scene: Scene): Promise<Verdict> {
  const rows = await readSessionRows(sql, scene.sessionId);
  const { entries } = scene.models.journal;
  peers.forget(scene.id);
  return {
    counts: {
      turns: rows.turns.length,
      calls: entries.length,
      estimates: rows.ledger.filter(({ status }) => status === "unknown").length,
    },
    violations: [...auditBooks(entries, rows), ...auditTurns(rows, wholeAnswer)],
  };
}
