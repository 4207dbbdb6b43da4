import * as z from "zod";
import type { SummaryRow } from "../../db/turn/stored-turn.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { createdAt, id } from "../../http/schemas.ts";

export const summary = lazily(() =>
  z
    .object({
      id,
      session_id: id.describe("The session that it sums up"),
      turn_id: id.meta({ description: "The turn that made it" }),
      from_seq: z.int().meta({ description: "First message of its range" }),
      to_seq: z.int().meta({ description: "Last message of its range" }),
      summary_text: z.string().describe("What was said, in short"),
      key_facts: z.array(z.string()).describe("What later turns must know"),
      decisions: z.array(z.string()).describe("What was decided"),
      open_questions: z.array(z.string()).describe("What is still asked"),
      action_items: z.array(z.string()).describe("What is to be done"),
      used_fallback: z.boolean().describe("True: the model gave the text but no lists, which are empty"),
      created_at: createdAt,
    })
    .meta({
      id: "Summary",
      description: "A summary of earlier messages, which later prompts have in their place",
    }),
);

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
