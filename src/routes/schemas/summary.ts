import * as z from "zod";
import type { SummaryRow } from "../../db/turn/stored-turn.ts";
import { id, instant } from "../../http/schemas.ts";

export const summary = z
  .object({
    id,
    session_id: id,
    turn_id: id.meta({ description: "The turn that made it" }),
    from_seq: z.int().meta({ description: "First message of its range" }),
    to_seq: z.int().meta({ description: "Last message of its range" }),
    summary_text: z.string(),
    key_facts: z.array(z.string()),
    decisions: z.array(z.string()),
    open_questions: z.array(z.string()),
    action_items: z.array(z.string()),
    used_fallback: z.boolean(),
    created_at: instant,
  })
  .meta({ id: "Summary" });

export function toSummary(row: SummaryRow): z.input<typeof summary> {
  return {
    id: row.id,
    session_id: row.sessionId,
    turn_id: row.turnId,
    from_seq: row.fromSeq,
    to_seq: row.toSeq,
    summary_text: row.summaryText,
    key_facts: [...row.keyFacts],
    decisions: [...row.decisions],
    open_questions: [...row.openQuestions],
    action_items: [...row.actionItems],
    used_fallback: row.usedFallback,
    created_at: row.createdAt.toISOString(),
  };
}
