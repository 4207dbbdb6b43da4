import * as z from "zod";
import { list } from "../../http/schemas.ts";
import { newTurn } from "./turn-request.ts";

/** How many parts the content of one message may have. */
const maxParts = 100;

const textPart = z.object({ type: z.literal("text", "only text is read"), text: z.string() });
/** A content as text: its text parts joined by line breaks. */
export const textParts = list(textPart, maxParts).transform((parts) =>
  parts.map(({ text }) => text).join("\n"),
);

/** A list of which only some entries are read: the others may be anything. */
export function looseList(schema: { items: object; description: string }) {
  return z.custom<readonly unknown[]>(Array.isArray, "must be a list").meta({ type: "array", ...schema });
}

type ChatMessage<Role extends string> = { id?: unknown; role: Role; content?: unknown; parts?: unknown };

export function isMessageOf<Role extends string>(value: unknown, role: Role): value is ChatMessage<Role> {
  return typeof value === "object" && value !== null && "role" in value && value.role === role;
}

/** The last message of the user, with its place in the conversation. Adds an issue where there is none. */
export function findUserMessage(messages: readonly unknown[], context: z.core.$RefinementCtx) {
  const index = messages.findLastIndex((entry) => isMessageOf(entry, "user"));
  const last = messages[index];
  if (isMessageOf(last, "user")) return { ...last, index };
  context.addIssue({ code: "custom", path: ["messages"], message: "must have a user message" });
  return undefined;
}

/** A content that is one string is one part. */
export function toParts(content: unknown): unknown {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

/** The text of a content; undefined where it is not text alone. */
export function readText(content: unknown): string | undefined {
  const read = textParts.safeParse(toParts(content));
  return read.success ? read.data.trim() : undefined;
}

/** Reads a content as the message of a turn, and adds an issue for each fault of it. */
export function readTurnMessage(
  content: unknown,
  path: PropertyKey[],
  context: z.core.$RefinementCtx,
): string | undefined {
  const read = textParts.pipe(newTurn.shape.message).safeParse(toParts(content));
  if (read.success) return read.data;
  for (const issue of read.error.issues) {
    context.addIssue({ code: "custom", path: [...path, ...issue.path], message: issue.message });
  }
  return undefined;
}
