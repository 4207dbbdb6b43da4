import * as z from "zod";
import type { ChatBeginning } from "../../db/turn/chat-sessions.ts";
import { isStorableText } from "../../domain/text/storable-text.ts";
import { headers } from "../../http/answer-header-schemas.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { id } from "../../http/schemas.ts";
import { findUserMessage, isMessageOf, looseList, readText, readTurnMessage } from "./chat-messages.ts";

const message = {
  type: "object",
  required: ["role"],
  properties: {
    role: { type: "string", description: "The last one of `user` is the turn's message" },
    content: { description: "A text, or a list of text parts" },
  },
} as const;

/** How a client asks for what a room does not do; null and an empty list ask for nothing. */
function refused(schema: RefusedSchema, isNothing: (value: unknown) => boolean, reason: string) {
  return z
    .unknown()
    .refine((value) => value === undefined || value === null || isNothing(value), reason)
    .optional()
    .meta({ ...schema, description: `Refused: ${reason}` });
}

type RefusedSchema = { type: [string, "null"]; items?: object };

const lists = { type: ["array", "null"], items: {} } satisfies RefusedSchema;

const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
const isPlainText = (value: unknown) =>
  typeof value === "object" && value !== null && "type" in value && value.type === "text";

/** Chat UIs ask for titles, tags and follow-up questions so. Each would be a turn of the room, and paid. */
const taskMark = "### Task:";

const request = z
  .object({
    model: z.string().max(100).describe("The room: `room:` and its id, as `GET /v1/models` lists them"),
    messages: looseList({
      items: message,
      description: "The conversation. Only its last user message is run; the server has its own record",
    }),
    stream: z.boolean().nullish().meta({ description: "True: the answer is a stream of chunks" }),
    stream_options: z
      .looseObject({
        include_usage: z.boolean().nullish().meta({ description: "True: a last chunk has the tokens" }),
      })
      .nullish()
      .meta({ description: "Of a stream" }),
    metadata: z
      .looseObject({ session_id: id.optional().describe("The session in which the turn runs") })
      .nullish()
      .meta({ description: "Names the session; other entries are ignored" }),
    tools: refused(lists, isEmpty, "the agents of the room have their own tools"),
    functions: refused(lists, isEmpty, "the agents of the room have their own tools"),
    n: refused({ type: ["integer", "null"] }, (value) => value === 1, "a turn has one answer"),
    response_format: refused({ type: ["object", "null"] }, isPlainText, "agents answer with text"),
  })
  .meta({
    id: "ChatCompletionRequest",
    description: "OpenAI's request; other fields are ignored",
    examples: [
      {
        model: "room:019b7e00-0000-7000-8000-00000000c001",
        messages: [{ role: "user", content: "@scout what comes first?" }],
      },
    ],
  });

/** Reads a request: the room, the message, and how its conversation starts. */
export const chatCompletionRequest = request.transform((body, context) => {
  const { messages, model, metadata, stream, stream_options: streamOptions } = body;
  const last = findUserMessage(messages, context);
  if (last === undefined) return z.NEVER;
  const { index, content } = last;
  const path = ["messages", index, "content"];
  const message = readTurnMessage(content, path, context);
  if (message === undefined) return z.NEVER;
  if (message.startsWith(taskMark)) {
    const reason = `must not begin with '${taskMark}': it would be a turn of the room. Switch such requests off.`;
    context.addIssue({ code: "custom", path, message: reason });
    return z.NEVER;
  }
  return {
    model,
    message,
    messages,
    beginning: readBeginning(messages.slice(0, index)),
    sessionId: metadata?.session_id,
    isStream: stream === true,
    includesUsage: streamOptions?.include_usage === true,
  };
});

/** The first message that was answered, with its answer. A message that was refused has none. */
function readBeginning(messages: readonly unknown[]): ChatBeginning | null {
  const asking = messages.findIndex((entry) => isMessageOf(entry, "user"));
  const answered = messages.findIndex(
    (entry, index) => index > asking && isMessageOf(entry, "assistant") && Boolean(readText(entry.content)),
  );
  const before = asking === -1 ? [] : messages.slice(0, Math.max(0, answered));
  const first = before.findLast((entry) => isMessageOf(entry, "user"));
  const [asked, answer] = [first, messages[answered]].map((entry) => readText(Object(entry).content));
  if (!asked || !answer || !isStorableText(asked) || !isStorableText(answer)) return null;
  const turns = messages.filter((entry) => isMessageOf(entry, "user")).length;
  return { message: asked, answer, turns };
}

/** The room that a model names; null: it names none. */
export function roomOfModel(model: string): string | null {
  const [, name] = /^room:(.+)$/s.exec(model) ?? [];
  const roomId = z.uuid().safeParse(name);
  return roomId.success ? roomId.data.toLowerCase() : null;
}

const usage = lazily(() =>
  z
    .object({
      prompt_tokens: z.int().describe("Input tokens, with the cached ones"),
      completion_tokens: z.int().describe("Output tokens"),
      total_tokens: z.int().describe("Input and output"),
      prompt_tokens_details: z
        .object({ cached_tokens: z.int().describe("Input tokens that providers had in a cache") })
        .describe("Of the input tokens"),
    })
    .meta({ id: "CompletionUsage", description: "Tokens of all agents' calls" }),
);

const metadata = lazily(() =>
  z
    .object({
      session_id: id.describe("The session; send it as `metadata.session_id` to go on with it"),
      turn_id: id.describe("The turn"),
      status: z.enum(["completed", "partial", "failed"]).describe("Whether all, some or no agents answered"),
      credits: z.string().describe("What the turn cost"),
    })
    .meta({ id: "CompletionMetadata", description: "Where the turn is, and what it cost" }),
);

const finishReason = z.enum(["stop", "length"]).describe("`length`: the last answer was cut at its longest");
const head = () => ({
  id: z.string().describe("`chatcmpl-` and the turn's id"),
  created: z.int().describe("When the request came, seconds"),
  model: z.string().describe("As it was asked for"),
});

const chatCompletion = lazily(() =>
  z
    .object({
      ...head(),
      object: z.literal("chat.completion").describe("What it is"),
      choices: z
        .array(
          z.object({
            index: z.literal(0).describe("There is one choice"),
            message: z
              .object({
                role: z.literal("assistant").describe("Always an answer"),
                content: z
                  .string()
                  .describe("Each agent's answer under its name, `**Ada:**`, or that it failed"),
                refusal: z.null().describe("Always null"),
              })
              .describe("The answers"),
            logprobs: z.null().describe("Always null"),
            finish_reason: finishReason,
          }),
        )
        .describe("One"),
      usage,
      metadata,
    })
    .meta({ id: "ChatCompletion", description: "A turn as OpenAI's chat completion" }),
);

const completionChunk = lazily(() =>
  z
    .object({
      ...head(),
      object: z.literal("chat.completion.chunk").describe("What it is"),
      choices: z
        .array(
          z.object({
            index: z.literal(0).describe("There is one choice"),
            delta: z
              .object({
                role: z.literal("assistant").optional().describe("Of the first chunk"),
                content: z.string().optional().describe("A part of the text; joined they are the answer"),
                refusal: z.null().optional().describe("Always null"),
              })
              .describe("What comes to the answer"),
            logprobs: z.null().describe("Always null"),
            finish_reason: finishReason.nullable().describe("Null until the text has ended"),
          }),
        )
        .describe("One; none in the chunk with the tokens"),
      usage: usage.nullable().optional().describe("With `include_usage`: null until the last chunk"),
      metadata: metadata.optional().describe("Of the chunk with the `finish_reason`"),
    })
    .meta({ id: "ChatCompletionChunk", description: "A part of a streamed completion" }),
);

const errorFields = () => ({
  message: z.string().describe("What went wrong this time, for people"),
  type: z.string().describe("OpenAI's word for the kind of error"),
  param: z.string().nullable().describe("The first field that does not validate; null: none"),
  code: z.string().describe("The same code as in a problem document of this API"),
});

const completionError = lazily(() =>
  z
    .object({
      error: z.looseObject(errorFields()).describe("Why the turn is not stored"),
    })
    .meta({ id: "ChatCompletionError", description: "The end of a stream whose turn could not be stored" }),
);

/** One `data:` line of a streamed completion but the last, which is `[DONE]`. */
const completionEvent = lazily(() =>
  z
    .union([completionChunk, completionError])
    .meta({ id: "ChatCompletionEvent", description: "One event of a streamed completion" }),
);

/** Two media types, as in OpenAI's own document: its clients choose by a field of the body. */
export const completionAnswer = {
  description:
    "The stored turn, also where its agents failed. With `stream: true` Server-Sent Events: each `data:` line is a chunk as JSON, the last one `[DONE]`",
  headers: headers("Idempotency-Replayed"),
  content: {
    "application/json": { schema: chatCompletion },
    "text/event-stream": { schema: completionEvent },
  },
};

export const modelList = lazily(() =>
  z
    .object({
      object: z.literal("list").describe("What it is"),
      data: z
        .array(
          z.object({
            id: z.string().describe("`room:` and the room's id"),
            object: z.literal("model").describe("What it is"),
            created: z.int().describe("When the room was created, seconds"),
            owned_by: z.literal("pantheon").describe("Always the same"),
            name: z.string().describe("The room's name"),
          }),
        )
        .describe("The rooms, those used last first"),
    })
    .meta({ id: "OpenAiModelList", description: "Rooms as OpenAI's models" }),
);

export const openAiErrorContent = {
  "application/json": {
    schema: lazily(() =>
      z
        .object({
          error: z
            .looseObject({
              ...errorFields(),
              request_id: z.string().describe("The request's `X-Request-Id`"),
            })
            .describe("The error, with the further fields of a problem document"),
        })
        .meta({ id: "OpenAiError", description: "An error in OpenAI's form" }),
    ),
  },
};
