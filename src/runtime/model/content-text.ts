import { toRecord } from "./wire-values.ts";

/** A piece of an answer's content: text and reasoning. */
export type ContentText = { text: string; reasoning: string };

/** Parts that are nested deeper are not read. No provider nests them so deep. */
const maxDepth = 4;

/** Reads content that is a text, a number, or a list of parts. Anything else is ignored. */
export function readContent(content: unknown): ContentText {
  const read: ContentText = { text: "", reasoning: "" };
  addContent(read, content, false, 0);
  return read;
}

function addContent(read: ContentText, content: unknown, isReasoning: boolean, depth: number): void {
  if (depth > maxDepth) return;
  if (typeof content === "string" || typeof content === "number") {
    if (isReasoning) read.reasoning += content;
    else read.text += content;
    return;
  }
  if (Array.isArray(content)) {
    for (const part of content) addContent(read, part, isReasoning, depth + 1);
    return;
  }
  const part = toRecord(content);
  if (part !== null) addPart(read, part, isReasoning, depth);
}

function addPart(
  read: ContentText,
  part: Readonly<Record<string, unknown>>,
  isReasoning: boolean,
  depth: number,
): void {
  switch (part.type) {
    case undefined:
    case null:
    case "text":
    case "output_text":
    case "text_delta":
      // Some providers wrap the text once more: `{"text": {"value": "…"}}`.
      addContent(read, toRecord(part.text)?.value ?? part.text, isReasoning, depth + 1);
      break;
    case "thinking":
    case "reasoning":
      addContent(read, part.thinking ?? part.reasoning ?? part.text, true, depth + 1);
      break;
    default:
  }
}

/** The reasoning beside a delta's content: the first of the usual fields that holds a text. */
export function readReasoning(delta: Readonly<Record<string, unknown>>): string {
  for (const name of ["reasoning_content", "reasoning", "thinking"]) {
    const value = delta[name];
    const text = typeof value === "string" ? value : readContent(toRecord(value)?.content ?? null).text;
    if (text !== "") return text;
  }
  return "";
}
