import * as z from "zod";
import type { StoredTurn } from "../../db/turn/stored-turn.ts";
import { stepOfReply } from "../../domain/turn/current-replies.ts";
import { exclusionReasons } from "../../domain/turn/exclusion.ts";
import { finishReasons } from "../../domain/turn/finish-reason.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { createdAt, id } from "../../http/schemas.ts";
import { refuseOtherCursor, turnOrderQuery } from "./turn-order.ts";

export const finishReason = z.enum(finishReasons).nullable().meta({
  description: "Why a completed reply ended; `length`: at the output limit",
});

/** Why an agent failed. */
export const failure = lazily(() =>
  z.object({
    code: z.string().describe("For programs: the reference lists the codes"),
    message: z.string().describe("For people"),
  }),
);

/** Only present where the text is cut. */
export const contentCut = z.literal(true).optional().meta({
  description: "Only the beginning of the text: it is too long to be read whole",
});

/** Only present where there is one. */
export const partial = z.string().optional().meta({
  description: "On a failed answer that a cancel cut off: the text that had arrived",
});

export const stepId = z.string().meta({
  description:
    "Which answer of the turn: `<agent_key>#1` for an agent's first, `#2` for its second; `synthesis`",
});

export const message = lazily(() =>
  z
    .object({
      id,
      turn_id: id.describe("The turn that it belongs to"),
      run_id: id.describe("The run that wrote it: the turn's first run, or a retry"),
      seq: z.int().min(1).meta({ description: "Orders a session's messages without ties" }),
      role: z
        .enum(["user", "assistant", "tool"])
        .describe("`user`: the turn's message; `assistant`: an answer"),
      step: stepId.nullable(),
      agent_key: z.string().nullable().describe("Who answered; null: the user's message"),
      agent_name: z.string().nullable().describe("The agent's name at that time; null: the user's message"),
      status: z.enum(["completed", "failed"]).describe("`failed`: the agent gave no answer"),
      error: failure.nullable().describe("Why the agent failed; null: it did not"),
      content: z.string().describe("The text; of a failed answer a line that says how it failed"),
      partial,
      content_cut: contentCut,
      finish_reason: finishReason,
      excluded: z.enum(exclusionReasons).nullable().meta({
        description: "Why the message's turn is left out of later prompts and summaries; null: it is not",
      }),
      supersedes_id: id
        .nullable()
        .meta({ description: "The failed message that this one of a retry replaces" }),
      created_at: createdAt,
    })
    .meta({ id: "Message", description: "A message of the transcript" }),
);

export const transcriptQuery = turnOrderQuery
  .extend({
    include: z
      .literal("superseded")
      .optional()
      .meta({ description: "Also shows messages that a retry replaced" }),
  })
  .superRefine(refuseOtherCursor);

export const messageParams = z.object({
  session_id: id.describe("The session"),
  message_id: id.describe("The message"),
});

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
    partial: row.partial ?? undefined,
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
