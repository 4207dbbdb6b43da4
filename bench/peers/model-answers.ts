import type { ChatCall } from "../../dev/model-server/chat-call.ts";

/** An agent's answer: 1 KiB, in as many deltas as a provider that sends four tokens at a time. */
export const replyBytes = 1_024;
const deltaBytes = 16;

const words = "The plan holds if the queue is drained before the swap, and the swap is told to nobody. ";
const reply = words.repeat(Math.ceil(replyBytes / words.length)).slice(0, replyBytes);

const summaryText = words.repeat(12);
const structure = { key_facts: [words], decisions: [words], open_questions: [], action_items: [words] };

export type Purpose = "agent" | "routing" | "synthesis" | "summary_text" | "summary_structure";

/** The purpose of a call, from the JSON that it asks for. */
export function purposeOf({ messages }: ChatCall): Purpose {
  const instructions = messages[0]?.content ?? "";
  if (instructions.includes('"selected_agent_keys"')) return "routing";
  if (instructions.includes("Write the one answer that the user")) return "synthesis";
  if (instructions.includes('"key_facts"')) return "summary_structure";
  if (instructions.includes('"summary_text"')) return "summary_text";
  return "agent";
}

/** The deltas of an answer; the manager picks the first three of its roster. */
export function answerTo(call: ChatCall): string[] {
  switch (purposeOf(call)) {
    case "routing":
      return [JSON.stringify({ selected_agent_keys: rosterOf(call).slice(0, 3) })];
    case "summary_text":
      return [JSON.stringify({ summary_text: summaryText })];
    case "summary_structure":
      return [JSON.stringify(structure)];
    case "agent":
    case "synthesis":
      return reply.match(new RegExp(`.{1,${deltaBytes}}`, "gs")) ?? [];
  }
}

function rosterOf({ messages }: ChatCall): string[] {
  const roster = messages.map(({ content }) => content).join("\n");
  return [...roster.matchAll(/^\s*- key:\s*([A-Za-z0-9_-]+)/gm)].map(([, key]) => key ?? "");
}
