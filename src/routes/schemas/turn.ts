import * as z from "zod";
import type { ListedTurn } from "../../db/turn/list-turns.ts";
import type { StoredTurn, TurnRow } from "../../db/turn/stored-turn.ts";
import type { RunningTurn } from "../../db/turn/turns.ts";
import { formatDecimal, parseDecimal } from "../../domain/billing/pricing.ts";
import { sumUsage, type UsageSum } from "../../domain/billing/usage-sum.ts";
import { stepIdOf, stepRoleOf, stepRoles } from "../../domain/plan/step.ts";
import { currentReplies, isStale, isSynthesis, stepOfReply } from "../../domain/turn/current-replies.ts";
import { creditAmount, id, instant, text } from "../../http/schemas.ts";
import { contentCut, finishReason, stepId, toCut } from "./message.ts";
import { roomMode } from "./room.ts";

const failure = z.object({ code: z.string(), message: z.string() });

const reply = z
  .object({
    message_id: id,
    step: stepId,
    role: z.enum(stepRoles).meta({ description: "`synthesis`: the one answer written from all others" }),
    round: z.int().nullable().meta({
      description: "The manager's round that the reply belongs to, from 1; null: a synthesis belongs to none",
    }),
    agent_key: z.string(),
    agent_name: z.string(),
    status: z.enum(["completed", "failed"]),
    content: z.string(),
    finish_reason: finishReason,
    error: failure.nullable(),
    stale: z.literal(true).optional().meta({
      description: "On a synthesis that was written before a retry brought an answer, and nowhere else",
    }),
    content_cut: contentCut,
    deleted: z.literal(true).optional().meta({
      description: "On a reply that its user deleted, and nowhere else; its content is empty",
    }),
  })
  .meta({ id: "Reply" });

const usage = z
  .object({
    calls: z.int(),
    input_tokens_fresh: z.int(),
    input_tokens_cached: z.int(),
    output_tokens: z.int(),
    total_tokens: z.int(),
    credits: z.string().meta({ description: "Exact decimal of credits; one credit sells at US$0.03" }),
  })
  .meta({ id: "Usage" });

const toolCall = z
  .object({
    id,
    step: stepId,
    agent_key: z.string(),
    round: z
      .int()
      .meta({ description: "The agent's answer that called it, from 1; 0: the user's message triggered it" }),
    tool_name: z.string(),
    status: z.enum(["success", "error", "denied"]),
    input: z.unknown(),
    output: z.unknown(),
    latency_ms: z.int(),
    texts_cut: z.literal(true).optional().meta({
      description: "`input` and `output` are left out because the turn is too large to be read whole",
    }),
  })
  .meta({ id: "ToolCall" });

const turnCredits = z
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
  .meta({ id: "TurnCredits" });

export const turnRead = z
  .object({
    id,
    session_id: id,
    turn_index: z.int().min(1),
    mode: roomMode,
    user_input: z.string().meta({ description: "The message; empty where its user deleted it" }),
    assistant_output: z.string(),
    status: z.enum(["completed", "partial", "failed"]),
    model_alias_used: z.string(),
    summary_triggered: z.boolean(),
    summary_used_fallback: z.boolean(),
    prune_triggered: z.boolean(),
    overflow_rejected: z.boolean(),
    created_at: instant,
    replies: z.array(reply),
    usage,
    credits: turnCredits,
    tool_calls: z.array(toolCall),
  })
  .meta({ id: "Turn" });

export const runningTurn = z
  .object({ id, session_id: id, turn_index: z.int().min(1), status: z.literal("running") })
  .meta({ id: "RunningTurn" });

export const newTurn = z
  .strictObject({
    message: text(32_000),
    model_alias_override: text(64).optional(),
    max_credits: creditAmount.optional().meta({ description: "Lowers what the turn may spend" }),
  })
  .meta({ id: "NewTurn", examples: [{ message: "@scout what comes first?" }] });

/** A retry takes no fields yet. Unknown fields are refused. */
export const newRetry = z.strictObject({}).meta({ id: "NewRetry" });

/** For the reference only: `readIdempotencyKey` reads the header and refuses a bad one with 400. */
export const runHeaders = z.object({
  "Idempotency-Key": z
    .string()
    .optional()
    .meta({ description: "Makes the request safe to repeat: 1 to 255 printable ASCII characters" }),
});

/** Headers of the answer to a stored turn. */
export const turnAnswerHeaders = z.object({
  "Server-Timing": z.string().meta({
    description: "Durations in ms; `desc` of `db` and `checkpoints`: requests to the database",
  }),
  "Idempotency-Replayed": z
    .literal("true")
    .optional()
    .meta({ description: "The turn was already stored under this key; no model was called" }),
});

export const turnParams = z.object({ session_id: id, turn_id: id });

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
  };
}

function sumToolCredits(events: StoredTurn["toolEvents"]): bigint {
  return events.reduce((sum, { creditsCharged }) => sum + parseDecimal(creditsCharged, 8), 0n);
}

export function toRunningTurn(running: RunningTurn): z.input<typeof runningTurn> {
  return { id: running.id, session_id: running.sessionId, turn_index: running.turnIndex, status: "running" };
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
    finish_reason: message.finishReason,
    error: message.error,
    content_cut: toCut(message),
    deleted: message.deletedAt !== null || undefined,
  };
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
