import type { ModelAnswer } from "../../../../dev/model-server/answer.ts";
import { roleOf } from "../../../support/fixture-agents.ts";
import type { JournalEntry } from "../../../support/node/model-journal.ts";
import type { ModelRule } from "../../../support/node/model-script.ts";

/** Who a call was for: an agent's key, or what the turn asked for itself. */
export type Caller =
  | "manager"
  | "synthesis"
  | "summary_text"
  | "summary_structure"
  | "session_title"
  | (string & {});

const managersWords = "You are the manager of a room";
const laterRoundWords = "The message was answered as shown.";
const askedAgainWords = "You are asked again in this turn.";
const synthesisWords = "Write the one answer that the user";
const summaryTextWords = "Write one summary";
const summaryStructureWords = "list what must not be forgotten";
const titleWords = "You name a conversation";

/** Read from the call's own instructions, which come first: no other text can be there. */
export function callerOf({ messages }: JournalEntry): Caller {
  const instructions = messages[0]?.content ?? "";
  if (instructions.includes(managersWords)) return "manager";
  if (instructions.includes(synthesisWords)) return "synthesis";
  if (instructions.includes(summaryTextWords)) return "summary_text";
  if (instructions.includes(summaryStructureWords)) return "summary_structure";
  if (instructions.includes(titleWords)) return "session_title";
  return /You play <([^>]+)> and no other/.exec(instructions)?.[1] ?? "somebody unknown";
}

/** Whether a call is a manager's after the first round, or an agent's after its first answer in the turn. */
export function isFurtherCall({ messages }: JournalEntry): boolean {
  const instructions = messages[0]?.content ?? "";
  return instructions.includes(laterRoundWords) || instructions.includes(askedAgainWords);
}

/** A provider bills no call that it answers with an error, or with a redirect, which is not followed. */
export function isRefusedCall({ status }: JournalEntry): boolean {
  return status !== null && status >= 300;
}

/** Keys of all roles that are anywhere in a call. */
export function rolesIn({ messages }: JournalEntry): string[] {
  const text = messages.map(({ content }) => content).join("\n");
  return [...text.matchAll(/You play <([^>]+)> and no other/g)].map(([, key]) => key ?? "");
}

/** The calls for one agent, or of one kind, in order of arrival. */
export function callsFor(journal: readonly JournalEntry[], asked: Caller): JournalEntry[] {
  return journal.filter((entry) => callerOf(entry) === asked);
}

/** What a call was sent besides its instructions; parts that are joined in one user message are listed one by one. */
export function conversationIn(call: JournalEntry | undefined): string[] {
  const [, ...messages] = call?.messages ?? [];
  return messages.flatMap(({ role, content }) => (role === "user" ? content.split("\n\n") : [content]));
}

const ruleFor =
  (...contains: string[]) =>
  (answer: ModelAnswer | string, call?: number): ModelRule => ({
    match: { contains, ...(call === undefined ? {} : { call }) },
    answer: typeof answer === "string" ? { text: answer } : answer,
  });

/** A rule for the manager's calls. It must come before the agents' rules: the manager's prompt contains their roles. */
export const managerSays = ruleFor(managersWords);
/** The same for its calls after the first round. */
export const laterManagerSays = ruleFor(managersWords, laterRoundWords);
/** A rule for the synthesis, by an agent or the manager. It must come before the agents' rules. */
export const synthesisSays = ruleFor(synthesisWords);
/** Rules for the two stages of a summary. */
export const summaryTextIs = ruleFor(summaryTextWords);
export const summaryStructureIs = ruleFor(summaryStructureWords);
/** A rule for the title of a session. */
export const titleIs = ruleFor(titleWords);

/** A rule for one agent's own calls. It does not match the manager's calls, which contain the role too. */
export function agentSays(agentKey: string, answer: ModelAnswer | string, call?: number): ModelRule {
  return ruleFor(`Agent role: ${roleOf(agentKey)}`)(answer, call);
}

/** The same for its calls after its first answer in the turn. */
export function laterAgentSays(agentKey: string, answer: ModelAnswer | string, call?: number): ModelRule {
  return ruleFor(`Agent role: ${roleOf(agentKey)}`, askedAgainWords)(answer, call);
}

/** A manager's answer that keeps to the contract. */
export function managerPicks(...keys: string[]): ModelRule {
  return managerSays(JSON.stringify({ selected_agent_keys: keys }));
}

/** The manager's answers, round by round. */
export function managerPicksInRounds(...rounds: string[][]): ModelRule[] {
  return rounds.map((keys, index) => managerSays(JSON.stringify({ selected_agent_keys: keys }), index + 1));
}

/** Ids of the steps of a turn's replies, in their order. */
export function replySteps(turn: { replies: { step: string }[] }): string[] {
  return turn.replies.map(({ step }) => step);
}

/** The `desc` of `db`: round trips to the database that the answer waited for. */
export function databaseTrips(headers: Headers): string | undefined {
  return /db;desc="(\d+)"/.exec(headers.get("Server-Timing") ?? "")?.[1];
}

/** That of `checkpoints`: those that overlapped model calls. */
export function overlappedTrips(headers: Headers): number {
  return Number(/checkpoints;desc="(\d+)"/.exec(headers.get("Server-Timing") ?? "")?.[1]);
}

/** Keys of a turn's replies, in their order. */
export function replyKeys(turn: { replies: { agent_key: string }[] }): string[] {
  return turn.replies.map(({ agent_key }) => agent_key);
}
