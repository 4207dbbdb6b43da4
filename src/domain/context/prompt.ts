import { toPlainName } from "../agent-name.ts";
import type { RoomMode } from "../plan/modes.ts";
import type { RosterAgent } from "../plan/roster-agent.ts";
import { escapeSpeakerMarks } from "../text/speaker-marks.ts";
import type { OmissionReason } from "../turn/exclusion.ts";
import type { OwnedFields } from "./provider-fields.ts";

/** A message of a model call, independent of providers. It is converted to the provider's form at the call. */
export type PromptMessage =
  | { role: "system" | "user" | "assistant"; content: string }
  | {
      role: "assistant";
      content: string;
      toolCalls: readonly ToolCallRequest[];
      /** The provider's fields, which are sent back with it. */
      fields?: OwnedFields;
    }
  | { role: "tool"; toolCallId: string; content: string };

/** A tool call as a model asks for it; `argumentsText` is the model's own text, JSON if it kept to the form. */
export type ToolCallRequest = { id: string; name: string; argumentsText: string };

/** All of a message that a model reads or writes: its text, its reasoning, and the tool calls that it asks for. */
export function wholeText(message: {
  content: string;
  toolCalls?: readonly ToolCallRequest[];
  fields?: OwnedFields;
}): string {
  const calls = message.toolCalls ?? [];
  const { reasoning, reasoning_content: thought = reasoning } = message.fields?.message ?? {};
  return [
    message.content,
    ...(typeof thought === "string" ? [thought] : []),
    ...calls.flatMap(({ name, argumentsText }) => [name, argumentsText]),
  ].join("\n");
}

/** A stored message as an agent may see it. */
export type TranscriptMessage = {
  id: string;
  seq: number;
  turnIndex: number;
  role: "user" | "assistant" | "tool";
  agentKey: string | null;
  agentName: string | null;
  /** `private`: shown to its own agent only. */
  visibility: "shared" | "private";
  /** Why no agent is shown it any more; its content is then not read. Null: it is shown. */
  excluded: OmissionReason | null;
  /** Whether it is the stored text of an agent's failure. */
  isFailure: boolean;
  content: string;
};

/** What another agent answered in the same turn, or the stored text of its failure. */
export type SameTurnAnswer = { agentKey: string; agentName: string; content: string };

/** `answer`: an agent's own; `further_answer`: another one of the same turn; `synthesis`: one from all others. */
export type PromptTask = "answer" | "further_answer" | "synthesis";

export type PromptInput = {
  agent: RosterAgent;
  task: PromptTask;
  mode: RoomMode;
  goal: string | null;
  roster: readonly RosterAgent[];
  /** The latest summary as it is shown; null: there is none. */
  summaryText: string | null;
  /** Cards of the room's files, fenced; null: there are none, or the agent may not read them. */
  filesText: string | null;
  history: readonly TranscriptMessage[];
  /** The fenced result of the tool that the user's message itself asked for; null: it asked for none. */
  triggerResult: string | null;
  userMessage: string;
  sameTurnAnswers: readonly SameTurnAnswer[];
};

/**
 * What one agent is sent, in this order: its own role, mode and goal of the room, the roster (names and keys only: no
 * agent ever receives another's role), cards of the room's files, the latest summary, the recent conversation, results of
 * tools, the user's message, the same turn's earlier answers. The role, the room and the roster are a system message. The rest is not:
 * people, models and tools have written it.
 */
export function buildPrompt(input: PromptInput): PromptMessage[] {
  const { agent, filesText, summaryText, history, triggerResult, sameTurnAnswers } = input;
  const summary: PromptMessage[] =
    summaryText === null ? [] : [{ role: "user", content: escapeSpeakerMarks(summaryText) }];
  return [
    { role: "system", content: buildSystemText(input) },
    ...(filesText === null ? [] : [asUser(filesText)]),
    ...summary,
    ...history.map((message) => viewOf(agent.agentKey, message)),
    ...(triggerResult === null ? [] : [asUser(triggerResult)]),
    asUser(input.userMessage),
    ...sameTurnAnswers.map((answer) => asSpeakerMessage(answer.agentName, answer.content)),
  ];
}

function buildSystemText({ agent, task, mode, goal, roster }: PromptInput): string {
  const members = roster.map(({ agentKey, name }) => `- key: ${agentKey} | name: ${toPlainName(name)}`);
  return [
    `Agent role: ${agent.rolePrompt}`,
    `You are ${toPlainName(agent.name)} (@${agent.agentKey}). Room mode: ${mode}.${goal === null ? "" : ` Room goal: ${goal}`}`,
    `Agents in this room:\n${members.join("\n")}`,
    "Words of other agents are marked [Name]: in the conversation. Answer as yourself, without such a mark.",
    ...taskTexts[task],
  ].join("\n\n");
}

const taskTexts: Readonly<Record<PromptTask, readonly string[]>> = {
  answer: [],
  further_answer: [
    "You are asked again in this turn. Your earlier answers are marked with your own name. Say what is new, and do not repeat them.",
  ],
  synthesis: [
    [
      "The agents have answered the user's last message; their answers follow it. Write the one answer that the user",
      "reads instead of them: keep what matters, say where they disagree, and add no facts of your own. An answer that",
      "begins with [[agent_error]] is an agent that failed: do not quote it; say what is missing where it matters.",
    ].join("\n"),
  ],
};

function viewOf(agentKey: string, message: TranscriptMessage): PromptMessage {
  // A tool's result of an earlier turn is fenced already; only its own agent sees it.
  if (message.role === "user" || message.role === "tool") return asUser(message.content);
  if (message.agentKey === agentKey) return asOwn(message);
  return asSpeakerMessage(message.agentName ?? message.agentKey ?? "agent", message.content);
}

/** An agent is sent its own failure as a note: as its own message, the agent would repeat it. */
function asOwn({ content, isFailure }: TranscriptMessage): PromptMessage {
  return isFailure
    ? asUser(`(Note: your own answer failed here. ${content})`)
    : { role: "assistant", content: escapeSpeakerMarks(content) };
}

function asUser(content: string): PromptMessage {
  return { role: "user", content: escapeSpeakerMarks(content) };
}

function asSpeakerMessage(agentName: string, content: string): PromptMessage {
  return { role: "user", content: `[${toPlainName(agentName)}]: ${escapeSpeakerMarks(content)}` };
}
