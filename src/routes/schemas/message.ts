import * as z from "zod";
import type { StoredTurn } from "../../db/turn/stored-turn.ts";
import { stepOfReply } from "../../domain/turn/current-replies.ts";
import { exclusionReasons } from "../../domain/turn/exclusion.ts";
import { finishReasons } from "../../domain/turn/finish-reason.ts";
import { id, instant } from "../../http/schemas.ts";
import { refuseOtherCursor, turnOrderQuery } from "./turn-order.ts";

export const finishReason = z.enum(finishReasons).nullable().meta({
  description: "Why a completed reply ended; `length`: at the output limit",
});

/** Only present where the text is cut. */
export const contentCut = z.literal(true).optional().meta({
  description: "Only the beginning of the text: it is too long to be read whole",
});

export const stepId = z.string().meta({
  description:
    "Which answer of the turn: `<agent_key>#1` for an agent's first, `#2` for its second; `synthesis`",
});

export const message = z
  .object({
    id,
    turn_id: id,
    run_id: id,
    seq: z.int().min(1).meta({ description: "Orders a session's messages without ties" }),
    role: z.enum(["user", "assistant", "tool"]),
    step: stepId.nullable(),
    agent_key: z.string().nullable(),
    agent_name: z.string().nullable(),
    status: z.enum(["completed", "failed"]),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    content: z.string(),
    content_cut: contentCut,
    finish_reason: finishReason,
    excluded: z.enum(exclusionReasons).nullable().meta({
      description: "Why the message's turn is left out of later prompts and summaries; null: it is not",
    }),
    supersedes_id: id
      .nullable()
      .meta({ description: "The failed message that this one of a retry replaces" }),
    created_at: instant,
  })
  .meta({ id: "Message" });

export const transcriptQuery = turnOrderQuery
  .extend({
    include: z
      .literal("superseded")
      .optional()
      .meta({ description: "Also shows messages that a retry replaced" }),
  })
  .superRefine(refuseOtherCursor);

export const messageParams = z.object({ session_id: id, message_id: id });

export function toMessage(row: StoredTurn["messages"][number]): z.input<typeof message> {
  return {
    id: row.id,
    turn_id: row.turnId,
    run_id: row.runId,
    seq: row.seq,
    role: row.role,
    step: row.agentKey === null ? null : stepOfReply(row),
    agent_key: row.agentKey,
    agent_name: row.agentName,
    status: row.status,
    error: row.error,
    content: row.content,
    content_cut: toCut(row),
    finish_reason: row.finishReason,
    excluded: row.excluded,
    supersedes_id: row.supersedesId,
    created_at: row.createdAt.toISOString(),
  };
}

/** JSON leaves out a member that is undefined. */
export function toCut({ isCut = false }: { isCut?: boolean }): true | undefined {
  return isCut || undefined;
}
