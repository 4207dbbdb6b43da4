import { agentStepId } from "../../../../src/domain/plan/step.ts";
import type { JournalEntry } from "../../../support/node/model-journal.ts";
import { callerOf, isFurtherCall } from "../../../turn/modes/support/model-calls.ts";
import { readRequest } from "../testbed/scenario-tag.ts";

/**
 * What a call at the provider was for. `step`: `ada#1`, `synthesis`, `route#1` for the manager's first decision, or the
 * purpose of a call for a summary.
 */
export type CallPurpose = { callId: string; request: number; step: string; round: number };

/** Purposes of calls that cover many requests. Their request is unknown, and is 0. */
export const summarizers: readonly string[] = ["summary_text", "summary_structure"];

/** Reads the purpose from the prompt, which names the request, the step and the round. */
export function readCallPurpose(entry: JournalEntry): CallPurpose {
  const text = entry.messages.map(({ content }) => content).join("\n");
  const step = readStep(entry);
  return {
    callId: entry.call_id,
    request: summarizers.includes(step) ? 0 : (readRequest(text) ?? 0),
    step,
    round: 1 + entry.messages.filter((message) => message.tool_calls.length > 0).length,
  };
}

/** A prompt tells a first answer or decision from a later one, and no scenario has more than two in a turn. */
function readStep(entry: JournalEntry): string {
  const caller = callerOf(entry);
  const place = isFurtherCall(entry) ? 2 : 1;
  if (caller === "manager") return routeStepId(place);
  return caller === "synthesis" || summarizers.includes(caller) ? caller : agentStepId(caller, place);
}

export function routeStepId(round: number): string {
  return `route#${round}`;
}

/** Two calls with the same description ask for the same answer. */
export function describeCall({ request, step, round }: Omit<CallPurpose, "callId">): string {
  return `request ${request}, ${step}, round ${round}`;
}
