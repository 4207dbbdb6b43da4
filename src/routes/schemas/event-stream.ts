import * as z from "zod";
import { headers } from "../../http/answer-header-schemas.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { turnRead } from "./turn.ts";

// What streams send, in the form of AG-UI 1.0. Tests that read a stream hold each event to these schemas and to those of
// @ag-ui/core, which have no descriptions and many more events.

/** An event of this type; other fields may be added later. */
function event<Shape extends z.ZodRawShape>(type: string, name: string, description: string, shape: Shape) {
  return z
    .looseObject({ type: z.literal(type).describe("Which event it is"), ...shape })
    .meta({ id: name, description });
}

const run = () => ({
  threadId: z.string().describe("The session's id, or the id that a stock client chose"),
  runId: z.string().describe("The run's id, or the id that a stock client chose"),
});
const subagentRunId = z.string().describe("Names one step of one run, whichever process runs it");
const ofStep = () => ({ subagentRunId: subagentRunId.optional() });
const ofMessage = () => ({
  messageId: z.string().describe("The id that the stored message will have"),
  ...ofStep(),
});
const ofToolCall = () => ({
  toolCallId: z.string().describe("Unique in the run; it means nothing elsewhere"),
  ...ofStep(),
});

const snapshotMessage = lazily(() =>
  z
    .looseObject({
      id: z.string().describe("The message's id; of a user's message the id that a stock client gave it"),
      role: z.enum(["user", "assistant"]).describe("Who speaks"),
      content: z.string().describe("The text"),
      name: z.string().optional().describe("The agent's name"),
    })
    .meta({ id: "SnapshotMessage", description: "A message of the session" }),
);

const timing = lazily(() =>
  z.object({
    open_ms: z.int().describe("Until the run could start"),
    model_ms: z.int().describe("At least one model call was in flight"),
    tools_ms: z.int().describe("At least one tool was running"),
    commit_ms: z.int().describe("Storing the turn"),
    total_ms: z.int().describe("All of it"),
    database_round_trips: z.int().describe("Requests to the database that the answer waited for"),
    checkpoint_round_trips: z.int().describe("Requests to the database that overlapped model calls"),
  }),
);

const streamedTurn = lazily(() =>
  turnRead
    .unwrap()
    .extend({ timing: timing.describe("Where the time went, ms") })
    .meta({ id: "StreamedTurn", description: "The stored turn, and where its time went" }),
);

const tokens = lazily(() =>
  z.looseObject({
    provider: z.string().optional().describe("Who was asked"),
    model: z.string().optional().describe("The model, as its provider names it"),
    inputTokens: z.int().optional().describe("Input tokens, with the cached ones"),
    outputTokens: z.int().optional().describe("Output tokens"),
    cachedInputTokens: z.int().optional().describe("Input tokens that the provider had in a cache"),
    totalTokens: z.int().optional().describe("Input and output"),
  }),
);

export const messagesSnapshotEvent = lazily(() =>
  event(
    "MESSAGES_SNAPSHOT",
    "MessagesSnapshotEvent",
    "The session as it is now, in the place of what was missed",
    {
      messages: z.array(snapshotMessage).describe("Oldest first"),
    },
  ),
);

const events = () =>
  [
    event("RUN_STARTED", "RunStartedEvent", "The run starts", {
      ...run(),
      protocolVersion: z.string().optional().describe("The version of AG-UI"),
    }),
    messagesSnapshotEvent.unwrap(),
    event("CUSTOM", "CustomEvent", "What AG-UI has no event for", {
      name: z.string().describe("`ROUND_STARTED`, `ROUND_FINISHED` or `SUMMARY_MADE`"),
      value: z
        .unknown()
        .describe(
          "`round`; of `ROUND_STARTED` also `steps`, each with `step` and `agent_key`, and the manager's `decision`; of `SUMMARY_MADE` `from_seq`, `to_seq` and `used_fallback`",
        ),
    }),
    event("SUBAGENT_STARTED", "SubagentStartedEvent", "A step starts", {
      subagentRunId,
      name: z.string().describe("The agent's name"),
      metadata: z
        .looseObject({
          agent_key: z.string().describe("The agent"),
          step: z.string().describe("The step, like `ada#1`"),
          role: z.enum(["agent", "synthesis"]).describe("What the step is for"),
          round: z.int().nullable().describe("The manager's round, from 1; null: a synthesis"),
        })
        .optional()
        .describe("Which step it is"),
    }),
    event("SUBAGENT_FINISHED", "SubagentFinishedEvent", "The agent has answered", {
      subagentRunId,
      metadata: z
        .looseObject({ finish_reason: z.enum(["stop", "length", "other"]).describe("Why the answer ended") })
        .optional()
        .describe("How it ended"),
    }),
    event("SUBAGENT_ERROR", "SubagentErrorEvent", "The agent failed; the others go on", {
      subagentRunId,
      code: z.string().optional().describe("Why, for programs"),
      message: z.string().describe("Why, for people"),
    }),
    event("TEXT_MESSAGE_START", "TextMessageStartEvent", "An agent starts to write", {
      ...ofMessage(),
      role: z.literal("assistant").describe("Always an answer"),
      name: z.string().optional().describe("The agent's name"),
    }),
    event("TEXT_MESSAGE_CONTENT", "TextMessageContentEvent", "A part of the text", {
      ...ofMessage(),
      delta: z.string().describe("Joined they are the text, to the byte"),
    }),
    event("TEXT_MESSAGE_END", "TextMessageEndEvent", "The text has ended", ofMessage()),
    event("TOOL_CALL_START", "ToolCallStartEvent", "A model asks for a tool", {
      ...ofToolCall(),
      toolCallName: z.string().describe("The tool"),
      parentMessageId: z.string().optional().describe("The text before the call"),
    }),
    event("TOOL_CALL_ARGS", "ToolCallArgsEvent", "The tool's arguments", {
      ...ofToolCall(),
      delta: z.string().describe("JSON, as the model wrote it"),
    }),
    event("TOOL_CALL_END", "ToolCallEndEvent", "The arguments have ended", ofToolCall()),
    event("TOOL_CALL_RESULT", "ToolCallResultEvent", "What the tool answered", {
      ...ofToolCall(),
      messageId: z.string().describe("Unique in the run; it means nothing elsewhere"),
      role: z.literal("tool").optional().describe("Always a tool's result"),
      content: z.string().describe("The result"),
    }),
    event("RUN_FINISHED", "RunFinishedEvent", "The last event: the turn is stored", {
      ...run(),
      result: streamedTurn,
      usage: z.array(tokens).optional().describe("Tokens of the run's calls, by provider and model"),
    }),
    event("RUN_ERROR", "RunErrorEvent", "The last event: the turn is not stored", {
      code: z.string().optional().describe("Why, for programs, as in a problem"),
      message: z.string().describe("Why, for people"),
    }),
  ] as const;

/** One event of a stream: the JSON of one `data:` line. */
export const streamEvent = lazily(() =>
  z
    .discriminatedUnion("type", events())
    .meta({ id: "StreamEvent", description: "One event of a stream, in the form of AG-UI 1.0" }),
);

/** The answer of a route that streams. */
export const eventStream = {
  headers: headers("Location", "Link", "Idempotency-Replayed"),
  description:
    "Server-Sent Events: each `data:` line is one event as JSON. A comment line keeps the connection open",
  content: { "text/event-stream": { schema: streamEvent } },
};
