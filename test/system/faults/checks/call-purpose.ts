import type { JournalEntry } from "../../../support/node/model-journal.ts";
import { type Caller, callerOf } from "../../../turn/modes/support/model-calls.ts";
import { readRequest } from "../testbed/scenario-tag.ts";

/** What a call at the provider was for. */
export type CallPurpose = { callId: string; request: number; who: Caller; round: number };

/** Purposes of calls that cover many requests. Their request is unknown, and is 0. */
export const summarizers: readonly Caller[] = ["summary_text", "summary_structure"];

/** Reads the purpose from the prompt, which names the request, the agent and the round. */
export function readCallPurpose(entry: JournalEntry): CallPurpose {
  const text = entry.messages.map(({ content }) => content).join("\n");
  const who = callerOf(entry);
  return {
    callId: entry.call_id,
    request: summarizers.includes(who) ? 0 : (readRequest(text) ?? 0),
    who,
    round: 1 + entry.messages.filter((message) => message.tool_calls.length > 0).length,
  };
}

/** Two calls with the same description ask for the same answer. */
export function describeCall({ request, who, round }: Omit<CallPurpose, "callId">): string {
  return `request ${request}, ${who}, round ${round}`;
}
