import type { StepRole } from "../plan/step.ts";
import type { RoutingRule, RoutingVerdict } from "../routing/routing-decision.ts";
import type { AgentFailureCode } from "./agent-failure.ts";
import type { FinishReason } from "./finish-reason.ts";

/**
 * The events of a turn while it runs. `agentRunId` names one step of one run and is the same for every holder. It
 * distinguishes steps that run at the same time. Nothing of an event is stored yet: the commit stores the turn.
 */
export type TurnEvent =
  | {
      type: "agent_started";
      agentRunId: string;
      step: string;
      role: StepRole;
      /** Null: the synthesis. */
      round: number | null;
      agentKey: string;
      agentName: string;
    }
  /** The manager has decided who answers next. */
  | {
      type: "round_started";
      round: number;
      steps: { step: string; agentKey: string }[];
      /** How the manager decided. */
      decision: { rule: RoutingRule; verdict: RoutingVerdict };
    }
  | { type: "round_finished"; round: number }
  /** Earlier messages were summarised. The summary is stored with the turn. */
  | { type: "summary_made"; fromSeq: number; toSeq: number; usedFallback: boolean }
  /** `messageId` is the id that the stored message will have. */
  | { type: "text_started"; agentRunId: string; messageId: string; agentName: string }
  | { type: "text_delta"; agentRunId: string; messageId: string; delta: string }
  | { type: "text_ended"; agentRunId: string; messageId: string }
  | {
      type: "tool_call_started";
      agentRunId: string;
      toolCallId: string;
      toolName: string;
      messageId: string | null;
    }
  | { type: "tool_call_arguments"; agentRunId: string; toolCallId: string; delta: string }
  | { type: "tool_call_ended"; agentRunId: string; toolCallId: string }
  | { type: "tool_call_result"; agentRunId: string; toolCallId: string; messageId: string; content: string }
  | { type: "agent_finished"; agentRunId: string; finishReason: FinishReason }
  | { type: "agent_failed"; agentRunId: string; code: AgentFailureCode; message: string };

/** Receives events in their order. Must not throw and must not wait: the stream handles slow readers. */
export type EmitTurnEvent = (event: TurnEvent) => void;

export const emitNothing: EmitTurnEvent = () => undefined;
