import type { TokenUsage } from "../billing/pricing.ts";
import type { AgentContext } from "../context/agent-context.ts";
import type { RoutingDecision } from "../routing/routing-decision.ts";
import type { SummaryContent } from "../summary/summary-contract.ts";
import type { SummaryRange } from "../summary/summary-plan.ts";
import { type AgentFailure, formatFailureContent } from "./agent-failure.ts";
import type { FinishReason } from "./finish-reason.ts";

/**
 * One attempt of a model call that was billed or may have been. Refused attempts (an HTTP error status)
 * are not billed and leave no record of their own; they count in `attempts`.
 */
export type ModelCallRecord = {
  /** The holder that made the call; a resumed run has calls of several. */
  holder: string;
  step: string;
  agentKey: string;
  /** Model calls of this step in this run, from 1. */
  round: number;
  /** From 1. */
  attempt: number;
  provider: string;
  modelAlias: string;
  providerModel: string;
  multiplierHundredths: number;
  usage: TokenUsage;
  /** `estimated`: the provider reported no tokens for this attempt. */
  usageSource: "provider" | "estimated";
  /** The cost that the provider reports, a decimal of US dollars. Null: it reports none. */
  providerCostUsd: string | null;
  status: "completed" | "failed" | "unknown";
  latencyMs: number;
  /** HTTP requests of the whole call, refused ones included. 0: not known, the call is an estimate. */
  attempts: number;
  providerRequestId: string | null;
};

/** A call made for the turn itself, not for an agent: not billed, kept in the audit. */
export type OverheadCall = {
  purpose: "routing" | "summary_text" | "summary_structure" | "session_title";
  /** Of routing: the round that it started. Absent before rounds were. */
  round?: number;
  holder: string;
  modelAlias: string;
  providerModel: string;
  attempt: number;
  inputTokensFresh: number;
  inputTokensCached: number;
  outputTokens: number;
  usageSource: ModelCallRecord["usageSource"];
  providerCostUsd: string | null;
  status: ModelCallRecord["status"];
  latencyMs: number;
  providerRequestId: string | null;
};

/** What one step left in a run: an answer, or why there is none. */
export type AgentReply = {
  step: string;
  agentKey: string;
  /** Id that its stored message gets. */
  messageId: string;
} /** A run that an older version stored has replies without a reason. */ & (
  | { status: "completed"; content: string; finishReason?: FinishReason }
  | {
      status: "failed";
      failure: AgentFailure;
      /** The text that had arrived when the turn was cancelled; absent: there is none. */
      partial?: string;
      /** The token scale that the provider's refusal of a too long prompt calls for; absent: it was no such refusal. */
      refusalScale?: number;
    }
);

/** A reply as its stored message holds it, and as other agents are shown it. */
export function replyContent(agentName: string, reply: AgentReply): string {
  return reply.status === "failed" ? formatFailureContent(agentName, reply.failure) : reply.content;
}

/** One execution of a tool, or its refusal. */
export type ToolEvent = {
  id: string;
  step: string;
  agentKey: string;
  round: number;
  toolName: string;
  input: unknown;
  output: unknown;
  status: "success" | "error" | "denied";
  latencyMs: number;
  /** The call's place among those of its answer, from 1. Absent: the event is of an earlier version. */
  place?: number;
  /** What the call cost, a decimal of credits. Absent: nothing. */
  creditsCharged?: string;
};

/** A message between an agent and its tools on the way to its answer; only this agent is shown it later. */
export type PrivateMessage = {
  id: string;
  step: string;
  agentKey: string;
  role: "assistant" | "tool";
  content: string;
};

/** How a step's prompt came to fit, and what the provider counted for it; the audit is made from it. */
/** `files` is absent from runs that an older version stored. */
export type PromptMeasure = Omit<AgentContext, "messages" | "roomTokens" | "files"> & {
  files?: AgentContext["files"];
  step: string;
  countedInputTokens: number | null;
};

/** A new rolling summary of the session's older turns. */
export type NewSummary = SummaryRange & SummaryContent & { usedFallback: boolean };

/** The result of running a plan. The turn's record is made from it. */
export type TurnOutcome = {
  /** One per step that was to answer, in the order of answers. */
  replies: readonly AgentReply[];
  calls: readonly ModelCallRecord[];
  prompts: readonly PromptMeasure[];
  toolEvents: readonly ToolEvent[];
  privateMessages: readonly PrivateMessage[];
  /** What the manager decided, round by round. */
  decisions: readonly RoutingDecision[];
  overhead: readonly OverheadCall[];
  summary: NewSummary | null;
  /** A summary was due and its calls or answers failed. */
  summaryFailed?: boolean;
  /** The title that a model made for the session; absent: none was asked for, or none came. */
  title?: string | null;
  /** Time in which at least one model call was in flight, ms. */
  modelMs: number;
  /** The same of tools. */
  toolsMs: number;
  /** Whether a checkpoint could not be stored in its time. */
  checkpointFailed?: boolean;
};

export type TurnStatus = "completed" | "partial" | "failed";

export function deriveTurnStatus(replies: readonly Pick<AgentReply, "status">[]): TurnStatus {
  const answered = replies.filter((reply) => reply.status === "completed").length;
  if (answered === 0) return "failed";
  return answered === replies.length ? "completed" : "partial";
}

/** The turn's answer as one text: the reply itself for one agent, `Name: reply` blocks for several. */
export function joinReplies(replies: readonly { agentName: string; content: string }[]): string {
  const [only, ...others] = replies;
  if (only !== undefined && others.length === 0) return only.content;
  return replies.map(({ agentName, content }) => `${agentName}: ${content}`).join("\n\n");
}
