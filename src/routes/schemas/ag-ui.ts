import type { Message } from "@ag-ui/core";
import * as z from "zod";
import type { LatestMessage } from "../../db/turn/latest-messages.ts";
import type { ClientMessage } from "../../domain/turn/stream-client.ts";
import { isMessageOf, looseList, readText, readTurnMessage } from "./chat-messages.ts";

/** How many of a client's latest messages are read. A snapshot has no more. */
const maxMessagesRead = 400;

const message = {
  type: "object",
  required: ["role"],
  properties: {
    id: { type: "string", description: "The client's own id; snapshots give it back" },
    role: { type: "string", description: "Only messages of `user` are read" },
    content: { description: "A text, or a list of text parts" },
  },
} as const;

export const labelsQuery = z.strictObject({
  labels: z
    .enum(["on", "off"])
    .optional()
    .describe(
      "`on`: the author's name before each text, and a failure as a text; AG-UI clients below 1.0 always get them",
    ),
});

/** Only the named fields are read, however large the others are. */
const input = z
  .object({
    threadId: z.string().max(1_000).describe("The client's own id of the conversation; comes back as it is"),
    runId: z.string().max(1_000).describe("The client's own id of the run; comes back as it is"),
    protocolVersion: z
      .string()
      .max(100)
      .optional()
      .describe("Of AG-UI; without one the client is taken to be older than 1.0"),
    messages: looseList({
      items: message,
      description: `The last user message, among the latest ${maxMessagesRead}, is the turn's message; the server has its own record of the others`,
    }),
  })
  .meta({
    id: "RunAgentInput",
    description: "AG-UI 1.0's RunAgentInput; other fields are ignored",
    examples: [
      {
        threadId: "t",
        runId: "r-1",
        messages: [{ id: "m", role: "user", content: "@scout what comes first?" }],
      },
    ],
  });

/** Reads an AG-UI request: the client's own ids, and the id and text of its last user message. */
export const runAgentInput = input.transform(({ threadId, runId, protocolVersion, messages }, context) => {
  const latest = messages.slice(-maxMessagesRead);
  const index = latest.findLastIndex((message) => isMessageOf(message, "user"));
  const last = latest[index];
  if (!isMessageOf(last, "user")) {
    const message = `must have a user message among the latest ${maxMessagesRead}`;
    context.addIssue({ code: "custom", path: ["messages"], message });
    return z.NEVER;
  }
  const path = ["messages", messages.length - latest.length + index, "content"];
  const message = readTurnMessage(last.content, path, context);
  if (message === undefined) return z.NEVER;
  const messageId = typeof last.id === "string" ? last.id : null;
  const userMessages = latest.flatMap(readUserMessage);
  return { threadId, runId, message, messageId, userMessages, protocolVersion };
});

function readUserMessage(message: unknown): ClientMessage[] {
  if (!isMessageOf(message, "user") || typeof message.id !== "string") return [];
  const text = readText(message.content);
  return text === undefined ? [] : [{ id: message.id, text }];
}

/** A stored message in the form of AG-UI's snapshot. */
export function toAgUiMessage(row: LatestMessage): Message {
  const { id, role, content } = row;
  if (role === "user") return { id, role, content };
  return {
    id,
    role,
    content,
    ...(row.agentName === null ? {} : { name: row.agentName }),
    metadata: {
      agent_key: row.agentKey,
      status: row.status,
      ...(row.partial === null ? {} : { partial: row.partial }),
    },
  };
}
