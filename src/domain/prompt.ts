import type { RoomMode } from "./modes.ts";
import type { RosterAgent } from "./turn-plan.ts";

/** A message of a model call in our own words; turned into the provider's form only at the call. */
export type PromptMessage = { role: "system" | "user" | "assistant"; content: string };

/** A stored message as an agent may see it. */
export type TranscriptMessage = {
  id: string;
  seq: number;
  role: "user" | "assistant" | "tool";
  agentKey: string | null;
  agentName: string | null;
  content: string;
};

export type PromptInput = {
  agent: RosterAgent;
  mode: RoomMode;
  goal: string | null;
  roster: readonly RosterAgent[];
  history: readonly TranscriptMessage[];
  userMessage: string;
};

/**
 * What one agent is sent, in this order: its own role, mode and goal of the room, the roster (names and
 * keys only: no agent ever receives another's role), the recent conversation, the user's message.
 */
export function buildPrompt(input: PromptInput): PromptMessage[] {
  return [
    { role: "system", content: buildSystemText(input) },
    ...input.history.map((message) => asSeenBy(input.agent.agentKey, message)),
    { role: "user", content: input.userMessage },
  ];
}

function buildSystemText({ agent, mode, goal, roster }: PromptInput): string {
  const members = roster.map(({ agentKey, name }) => `- key: ${agentKey} | name: ${name}`);
  return [
    `Agent role: ${agent.rolePrompt}`,
    `You are ${agent.name} (@${agent.agentKey}). Room mode: ${mode}.${goal === null ? "" : ` Room goal: ${goal}`}`,
    `Agents in this room:\n${members.join("\n")}`,
    "Words of other agents are marked [Name]: in the conversation. Answer as yourself, without such a mark.",
  ].join("\n\n");
}

function asSeenBy(agentKey: string, message: TranscriptMessage): PromptMessage {
  if (message.role === "user") return { role: "user", content: message.content };
  if (message.agentKey === agentKey) return { role: "assistant", content: message.content };
  return {
    role: "user",
    content: `[${message.agentName ?? message.agentKey ?? "agent"}]: ${message.content}`,
  };
}
