import { stripFence, truncate } from "../truncate.ts";
import { type ModelAnswer, tokensOf } from "./answer.ts";
import { asRecord, type ChatCall, type ToolOffer } from "./chat-call.ts";
import { completionOf } from "./completion.ts";
import type { DialectName } from "./dialects.ts";
import { sendAnswer } from "./send-answer.ts";
import { type ModelServer, startModelServer } from "./server.ts";

const demoLabel = "[demo model]";
const defaultDeltaDelayMs = 15;
const lookupWords = /\b(search|look up|look for|find|latest|news|current|today|source)\b/i;

/** The model server that is used without a key. Its answers are canned and deterministic, and say that they are a demo. */
export function startDemoModelServer({
  port = 0,
  deltaDelayMs = defaultDeltaDelayMs,
  dialect = "openai",
}: {
  port?: number;
  deltaDelayMs?: number;
  /** Whose form the answers have. */
  dialect?: DialectName;
} = {}): Promise<ModelServer> {
  return startModelServer({
    port,
    respond: (call, response) => {
      const answer = { ...demoAnswer(call), delta_delay_ms: deltaDelayMs, dialect };
      const completion = completionOf(call, answer);
      return sendAnswer({ response, call, answer, completion, waitForGate: async () => undefined });
    },
  });
}

/** What the demo model answers: the strict JSON it is asked for, a tool call, or a few words in its role. */
function demoAnswer(call: ChatCall): ModelAnswer {
  const instructions = call.messages.filter(({ role }) => role === "system" || role === "developer");
  const system = instructions.map(({ content }) => content).join("\n");
  const question = lastQuestion(call);
  if (system.includes("selected_agent_keys")) return toAnswer(selection(call, question));
  if (system.includes("key_facts")) return toAnswer(structure(question));
  if (system.includes("summary_text")) return toAnswer(summary(call));
  if (system.includes("You name a conversation")) return toAnswer(titleFor(call));

  const found = resultOfTool(call);
  const tool = call.tools.find(({ name }) => name === "file_search") ?? call.tools[0];
  if (tool && found === undefined && lookupWords.test(question)) {
    return { tool_calls: [{ name: tool.name, arguments: argumentsFor(tool, question) }] };
  }
  return toAnswer(opinion(system, call, question, found));
}

/** Split so that joining the deltas gives the text again. */
function toAnswer(text: string): ModelAnswer {
  return { deltas: text.match(/\s*\S+/g) ?? [text] };
}

/** The user's own words: the last paragraph that no agent's mark `[Name]: ` begins. */
function lastQuestion(call: ChatCall): string {
  return userParagraphs(call).findLast((text) => !speakerMark.test(text)) ?? "";
}

/** Neighbours of one role arrive as one message, with a blank line between them. */
function userParagraphs(call: ChatCall): string[] {
  const texts = call.messages.filter(({ role }) => role === "user").map(({ content }) => content);
  return texts.flatMap((text) => text.trim().split(/\n{2,}/));
}

const speakerMark = /^\[([^\]\n]+)\]: /;

function opinion(system: string, call: ChatCall, question: string, found: string | undefined): string {
  const role = /Agent role:\s*(.+)/.exec(system)?.[1] ?? "an agent without a role";
  const peers = peersSinceQuestion(call, question);
  return [
    `${demoLabel} My role: ${truncate(role, 100)}`,
    `You asked: "${truncate(question, 160)}"`,
    found === undefined ? "" : `What I found: ${describeFound(stripFence(found))}`,
    peers.length ? `I have read ${peers.join(" and ")}, and add my part.` : "I answer from my role alone.",
    "A real model would answer here; set LLM_API_KEY for one.",
  ]
    .filter((line) => line !== "")
    .join("\n");
}

/** The first passage of a search of files, with file and page; of any other result its beginning. */
function describeFound(found: string): string {
  const [passage] = readPassages(found);
  if (passage === undefined) return truncate(found, 200);
  return `"${truncate(String(passage.text), 160)}" (${passage.name}, page ${passage.page})`;
}

function readPassages(found: string): Record<string, unknown>[] {
  try {
    const { passages } = asRecord(JSON.parse(found));
    return Array.isArray(passages) ? passages.map(asRecord) : [];
  } catch {
    return [];
  }
}

function peersSinceQuestion(call: ChatCall, question: string): string[] {
  const paragraphs = userParagraphs(call);
  const later = paragraphs.slice(paragraphs.lastIndexOf(question) + 1);
  const names = later.map((text) => speakerMark.exec(text)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

function resultOfTool(call: ChatCall): string | undefined {
  const last = call.messages.at(-1);
  return last?.role === "tool" ? last.content : undefined;
}

/** Every required text of the tool's schema is the question itself, without tags. */
function argumentsFor({ parameters }: ToolOffer, question: string): string {
  const properties = Object.keys(asRecord(parameters.properties));
  const required = Array.isArray(parameters.required)
    ? parameters.required.map(String)
    : properties.slice(0, 1);
  const words = question.replace(/(^|\s)@[\w-]+/g, " ").trim();
  return JSON.stringify(Object.fromEntries(required.map((name) => [name, words])));
}

/**
 * The agents that the message names, else the first two of the roster (lines `- key: <key> | name: …`). After the first
 * round: one agent that has not answered yet, or none.
 */
function selection(call: ChatCall, question: string): string {
  const roster = call.messages.map(({ content }) => content).join("\n");
  const agents = [...roster.matchAll(/^\s*- key:\s*([A-Za-z0-9_-]+) \| name: ([^|\n]*)/gm)];
  const keys = agents.map(([, key]) => key ?? "");
  const answered = peersSinceQuestion(call, question);
  if (answered.length > 0) {
    const others = agents.flatMap(([, key, name]) =>
      answered.includes((name ?? "").trim()) ? [] : (key ?? []),
    );
    return JSON.stringify({ selected_agent_keys: others.slice(0, 1) });
  }
  const named = keys.filter((key) => question.toLowerCase().includes(key.toLowerCase()));
  return JSON.stringify({ selected_agent_keys: (named.length ? named : keys).slice(0, 2) });
}

function summary(call: ChatCall): string {
  const words = tokensOf(call.messages.map(({ content }) => content).join("\n"));
  return JSON.stringify({ summary_text: `${demoLabel} A summary of about ${words} tokens of conversation.` });
}

function titleFor(call: ChatCall): string {
  const message = call.messages.at(-1)?.content.replace(/<\/?message>|@[\w-]+|["\n]/g, " ") ?? "";
  return JSON.stringify({ title: truncate(message.replace(/\s+/g, " ").trim(), 40) });
}

function structure(question: string): string {
  const key_facts = [`${demoLabel} ${truncate(question, 80)}`];
  return JSON.stringify({ key_facts, decisions: [], open_questions: [], action_items: [] });
}
