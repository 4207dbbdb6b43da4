import * as z from "zod";
import { headers } from "../../http/answer-header-schemas.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { id } from "../../http/schemas.ts";
import { findUserMessage, looseList, readTurnMessage } from "./chat-messages.ts";

const message = {
  type: "object",
  required: ["role"],
  properties: {
    id: { type: "string", description: "The client's own id" },
    role: { type: "string", description: "The last one of `user` is the turn's message" },
    parts: { description: "A list of text parts" },
  },
} as const;

const request = z
  .object({
    messages: looseList({
      items: message,
      description: "The conversation. Only its last user message is run; the server has its own record",
    }),
  })
  .meta({
    id: "UiMessagesRequest",
    description: "What the AI SDK's DefaultChatTransport sends; other fields are ignored",
    examples: [
      { messages: [{ id: "m", role: "user", parts: [{ type: "text", text: "@scout what comes first?" }] }] },
    ],
  });

/** Reads a request: the message, and what tells it from others. */
export const uiMessagesRequest = request.transform(({ messages }, context) => {
  const last = findUserMessage(messages, context);
  if (last === undefined) return z.NEVER;
  const text = readTurnMessage(last.parts, ["messages", last.index, "parts"], context);
  if (text === undefined) return z.NEVER;
  return { message: text, messageId: typeof last.id === "string" ? last.id : null, messages };
});

export const chatParams = z.object({
  session_id: id.describe("The session"),
  chat_id: z.string().max(1_000).describe("The id that the client gave its chat; accepted as it is"),
});

const author = lazily(() =>
  z
    .object({
      name: z.string().describe("The agent's name"),
      agent_key: z.string().nullable().describe("The agent; null: not known"),
      step: z.string().nullable().describe("The step, like `ada#1`; null: not known"),
      role: z.string().nullable().describe("`agent` or `synthesis`; null: not known"),
      round: z.int().nullable().describe("The manager's round; null: a synthesis"),
      error: z
        .object({
          code: z.string().describe("Why, for programs"),
          message: z.string().describe("Why, for people"),
        })
        .nullable()
        .describe("How the agent failed; null: it did not"),
    })
    .meta({ id: "UiMessageAuthor", description: "Who wrote the text behind a `data-agent` part" }),
);

const uiMessagePart = lazily(() =>
  z
    .looseObject({
      type: z
        .string()
        .describe(
          "`start`, `data-agent`, `text-start`, `text-delta`, `text-end`, `tool-…`, `finish` or `error`",
        ),
      data: author.optional().describe("Of `data-agent`"),
    })
    .meta({ id: "UiMessagePart", description: "One part of the AI SDK's UI message stream" }),
);

export const uiMessageStream = {
  headers: headers("Idempotency-Replayed", "x-vercel-ai-ui-message-stream"),
  description: "The AI SDK's UI message stream: each `data:` line is one part as JSON, the last one `[DONE]`",
  content: { "text/event-stream": { schema: uiMessagePart } },
};
