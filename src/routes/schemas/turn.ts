import * as z from "zod";
import type { ListedTurn } from "../../db/turn/list-turns.ts";
import type { StoredTurn, TurnRow } from "../../db/turn/stored-turn.ts";
import { formatDecimal, parseDecimal } from "../../domain/billing/pricing.ts";
import { sumUsage, type UsageSum } from "../../domain/billing/usage-sum.ts";
import { type Citation, listCitations } from "../../domain/files/file-reads.ts";
import { stepIdOf, stepRoleOf, stepRoles } from "../../domain/plan/step.ts";
import { currentReplies, isStale, isSynthesis, stepOfReply } from "../../domain/turn/current-replies.ts";
import { headers } from "../../http/answer-header-schemas.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { createdAt, id } from "../../http/schemas.ts";
import { contentCut, failure, finishReason, partial, stepId, toCut } from "./message.ts";
import { roomMode } from "./room.ts";

const reply = lazily(() =>
  z
    .object({
      message_id: id.describe("Id of the reply's message"),
      step: stepId,
      role: z.enum(stepRoles).meta({ description: "`synthesis`: the one answer written from all others" }),
      round: z.int().nullable().meta({
        description:
          "The manager's round that the reply belongs to, from 1; null: a synthesis belongs to none",
      }),
      agent_key: z.string().describe("Who answered; `manager`: the manager wrote the synthesis"),
      agent_name: z.string().describe("The agent's name at that time"),
      status: z.enum(["completed", "failed"]).describe("`failed`: the agent gave no answer"),
      content: z.string().describe("The answer; of a failed agent a line that says how it failed"),
      partial,
      finish_reason: finishReason,
      error: failure.nullable().describe("Why the agent failed; null: it did not"),
      stale: z.literal(true).optional().meta({
        description: "On a synthesis that was written before a retry brought an answer, and nowhere else",
      }),
      content_cut: contentCut,
      deleted: z.literal(true).optional().meta({
        description: "On a reply that its user deleted, and nowhere else; its content is empty",
      }),
    })
    .meta({ id: "Reply", description: "What came of one step of a turn" }),
);

const usage = lazily(() =>
  z
    .object({
      calls: z.int().describe("Model calls, without those of status `unknown`"),
      input_tokens_fresh: z.int().describe("Input tokens that the provider did not have in a cache"),
      input_tokens_cached: z.int().describe("Input tokens that it had"),
      output_tokens: z.int().describe("Output tokens, with those of reasoning"),
      total_tokens: z.int().describe("The sum of the three"),
      credits: z.string().meta({ description: "Exact decimal of credits; one credit sells at US$0.03" }),
    })
    .meta({ id: "Usage", description: "The sum of a turn's model calls" }),
);

const toolCall = lazily(() =>
  z
    .object({
      id,
      step: stepId,
      agent_key: z.string().describe("Who called the tool"),
      round: z.int().meta({
        description: "The agent's answer that called it, from 1; 0: the user's message triggered it",
      }),
      tool_name: z.string().describe("A name of `GET /tools`, or what the model called it"),
      status: z
        .enum(["success", "error", "denied"])
        .describe("`denied`: the agent may not use the tool, and nothing ran"),
      input: z.unknown().describe("What the tool was given, as the tool defines it"),
      output: z.unknown().describe("What is kept of its result, as the tool defines it"),
      latency_ms: z.int().describe("How long it took, ms"),
      texts_cut: z.literal(true).optional().meta({
        description: "`input` and `output` are left out because the turn is too large to be read whole",
      }),
    })
    .meta({ id: "ToolCall", description: "One execution of a tool" }),
);

const turnCredits = lazily(() =>
  z
    .object({
      spent: z.string().meta({ description: "By models and tools, in all runs of the turn" }),
      granted: z.string().nullable().meta({
        description: "What its latest run was allowed to spend; null: it is of an earlier version",
      }),
      wallet_left: z.string().nullable().meta({
        description:
          "The balance of your wallet after the turn, or now where it is read again; null: there is none",
      }),
    })
    .meta({ id: "TurnCredits", description: "What the turn cost, and what is left; decimals of credits" }),
);

const citation = lazily(() =>
  z
    .object({
      file_id: id.describe("The file"),
      page: z.int().min(1).describe("The page, from 1"),
      agent_key: z.string().describe("Who was given its text"),
    })
    .meta({ id: "Citation", description: "A page of a file that an agent was given" }),
);

export const turnRead = lazily(() =>
  z
    .object({
      id,
      session_id: id.describe("The turn's session"),
      turn_index: z.int().min(1).describe("Its number in the session, from 1 without gaps"),
      mode: roomMode,
      user_input: z.string().meta({ description: "The message; empty where its user deleted it" }),
      assistant_output: z
        .string()
        .describe(
          "The synthesis, or the one reply; of several `Name: reply` blocks, a blank line between them",
        ),
      status: z
        .enum(["completed", "partial", "failed"])
        .describe("`completed`: all agents answered; `partial`: some did; `failed`: none did"),
      model_alias_used: z
        .string()
        .describe("The model of the one agent; `roundtable`, or `multi-agent` where several answered"),
      summary_triggered: z.boolean().describe("True: the turn stored a summary of earlier messages"),
      summary_used_fallback: z.boolean().describe("True: that summary has a text and no lists"),
      prune_triggered: z.boolean().describe("True: a prompt left messages out, so that it fits its model"),
      overflow_rejected: z.boolean().describe("True: an agent failed since its prompt did not fit its model"),
      created_at: createdAt,
      replies: z.array(reply).describe("One for each step, in the order of answers"),
      usage,
      credits: turnCredits.describe("What the turn cost, and what is left"),
      tool_calls: z.array(toolCall).describe("By step and execution"),
      citations: z
        .array(citation)
        .describe("Pages whose text a tool gave to an agent, each once, in the order of the tool calls"),
    })
    .meta({ id: "Turn", description: "One message of the user and what answers it" }),
);

export const cancelledTurn = lazily(() =>
  z
    .object({
      turn_id: id.describe("The turn"),
      status: z
        .enum(["running", "cancelled", "refused", "completed", "partial", "failed"])
        .describe(
          "`running`: the turn is being ended, and is stored in a moment; `cancelled`: it waited, and is not started; else as it was",
        ),
    })
    .meta({ id: "CancelledTurn", description: "A turn that was to be cancelled" }),
);

/** Headers of the answer to a stored turn. */
export const turnAnswerHeaders = headers("Server-Timing", "Idempotency-Replayed");

/** A stored turn in its wire form, just committed or read again. */
export function toTurnRead({ ledger, ...stored }: StoredTurn): z.input<typeof turnRead> {
  return toListedTurn({ ...stored, usage: sumUsage(ledger) });
}

/** A turn of a list, which has the usage as a sum. */
export function toListedTurn({
  turn,
  messages,
  usage,
  toolEvents,
  credits,
}: ListedTurn): z.input<typeof turnRead> {
  return {
    id: turn.id,
    session_id: turn.sessionId,
    turn_index: turn.turnIndex,
    mode: turn.mode,
    user_input: turn.userInput,
    assistant_output: turn.assistantOutput,
    status: turn.status,
    model_alias_used: turn.modelAliasUsed,
    ...toFlags(turn),
    created_at: turn.createdAt.toISOString(),
    replies: toReplies(currentReplies(messages)),
    usage: toUsage(usage),
    credits: {
      spent: formatDecimal(usage.creditsE8 + sumToolCredits(toolEvents), 8),
      granted: credits?.granted ?? null,
      wallet_left: credits?.walletLeft ?? null,
    },
    tool_calls: toolEvents.map(toToolCall),
    citations: listCitations(toolEvents).map(toCitation),
  };
}

function sumToolCredits(events: StoredTurn["toolEvents"]): bigint {
  return events.reduce((sum, { creditsCharged }) => sum + parseDecimal(creditsCharged, 8), 0n);
}

function toFlags(turn: TurnRow) {
  return {
    summary_triggered: turn.summaryTriggered,
    summary_used_fallback: turn.summaryUsedFallback,
    prune_triggered: turn.pruneTriggered,
    overflow_rejected: turn.overflowRejected,
  };
}

type ReplyMessage = StoredTurn["messages"][number];

function toReplies(current: readonly ReplyMessage[]): z.input<typeof reply>[] {
  return current.map((message) => {
    const isOutdated = isSynthesis(message) && isStale(message, current);
    return { ...toReply(message), stale: isOutdated || undefined };
  });
}

function toReply(message: ReplyMessage): z.input<typeof reply> {
  const { agentKey } = message;
  if (agentKey === null) throw new Error("A reply has no agent.");
  const step = stepOfReply(message);
  const role = stepRoleOf(step);
  return {
    message_id: message.id,
    step,
    role,
    round: role === "synthesis" ? null : (message.round ?? 1),
    agent_key: agentKey,
    agent_name: message.agentName ?? agentKey,
    status: message.status,
    content: message.content,
    partial: message.partial ?? undefined,
    finish_reason: message.finishReason,
    error: message.error,
    content_cut: toCut(message),
    deleted: message.deletedAt !== null || undefined,
  };
}

function toCitation({ fileId, page, agentKey }: Citation): z.input<typeof citation> {
  return { file_id: fileId, page, agent_key: agentKey };
}

function toUsage(sum: UsageSum): z.input<typeof usage> {
  return {
    calls: sum.calls,
    input_tokens_fresh: sum.inputTokensFresh,
    input_tokens_cached: sum.inputTokensCached,
    output_tokens: sum.outputTokens,
    total_tokens: sum.totalTokens,
    credits: formatDecimal(sum.creditsE8, 8),
  };
}

function toToolCall(event: StoredTurn["toolEvents"][number]): z.input<typeof toolCall> {
  return {
    id: event.id,
    round: event.round,
    status: event.status,
    input: event.input,
    output: event.output,
    step: stepIdOf(event),
    agent_key: event.agentKey,
    tool_name: event.toolName,
    latency_ms: event.latencyMs,
    texts_cut: toCut(event),
  };
}
