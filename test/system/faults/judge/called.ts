import type { JournalEntry } from "../../../support/node/model-journal.ts";
import { type Asked, askedOf } from "../../../turn/modes/support/asked.ts";
import { readRequest } from "../testbed/scenario-tag.ts";

/** What a call at the provider was for. */
export type Called = { callId: string; request: number; who: Asked; round: number };

/** Whom calls are for that speak of many requests: their request cannot be told, and is 0. */
export const summarizers: readonly Asked[] = ["summary_text", "summary_structure"];

/** Reads from a call itself whose it was: what it was told names the request, the agent and the round. */
export function calledFor(entry: JournalEntry): Called {
  const text = entry.messages.map(({ content }) => content).join("\n");
  const who = askedOf(entry);
  return {
    callId: entry.call_id,
    request: summarizers.includes(who) ? 0 : (readRequest(text) ?? 0),
    who,
    round: 1 + entry.messages.filter((message) => message.tool_calls.length > 0).length,
  };
}

/** Two calls with the same place in the same request ask for the same answer. */
export function placeOf({ request, who, round }: Omit<Called, "callId">): string {
  return `request ${request}, ${who}, round ${round}`;
}
