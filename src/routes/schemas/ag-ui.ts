import type { Message } from "@ag-ui/core";
import * as z from "zod";
import type { LatestMessage } from "../../db/turn/latest-messages.ts";
import type { ClientMessage } from "../../http/ag-ui/ag-ui-snapshot.ts";
import { newTurn } from "./turn.ts";

/** Of the messages a client has; a snapshot holds no more. */
const mostKnown = 400;

const input = z
  .looseObject({
    threadId: z.string().max(1_000),
    runId: z.string().meta({ description: "The idempotency key: 1 to 255 printable ASCII characters" }),
    messages: z
      .array(
        z
          .looseObject({ id: z.unknown(), role: z.string(), content: z.unknown() })
          .partial({ id: true, content: true }),
      )
      .meta({
        description: "The last user message is the turn's; of the others the server keeps its own record",
      }),
  })
  .meta({
    id: "RunAgentInput",
    description: "AG-UI 1.0's RunAgentInput; what is not named here is ignored",
    examples: [
      {
        threadId: "t",
        runId: "r-1",
        messages: [{ id: "m", role: "user", content: "@scout what comes first?" }],
      },
    ],
  });

const textParts = z
  .array(z.looseObject({ type: z.literal("text", "only text is read"), text: z.string() }))
  .transform((parts) => parts.map(({ text }) => text).join("\n"));

/** AG-UI's request, read as a turn's: the client's own ids and the text of its last user message. */
export const runAgentInput = input.transform(({ threadId, runId, messages }, context) => {
  const index = messages.findLastIndex(({ role }) => role === "user");
  const read = textParts.pipe(newTurn.shape.message).safeParse(toParts(messages[index]?.content));
  if (index >= 0 && read.success) {
    return {
      threadId,
      runId,
      message: read.data,
      userMessages: messages.slice(-mostKnown).flatMap(readUserMessage),
    };
  }
  const issues = index < 0 ? [{ path: [], message: "must hold a user message" }] : (read.error?.issues ?? []);
  const path = index < 0 ? ["messages"] : ["messages", index, "content"];
  for (const issue of issues) {
    context.addIssue({ code: "custom", path: [...path, ...issue.path], message: issue.message });
  }
  return z.NEVER;
});

function toParts(content: unknown): unknown {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

function readUserMessage(message: { id?: unknown; role: string; content?: unknown }): ClientMessage[] {
  if (message.role !== "user" || typeof message.id !== "string") return [];
  const text = textParts.safeParse(toParts(message.content));
  return text.success ? [{ id: message.id, text: text.data.trim() }] : [];
}

/** A stored message as AG-UI's snapshot holds it. */
export function toAgUiMessage(row: LatestMessage): Message {
  const { id, role, content } = row;
  if (role === "user") return { id, role, content };
  return {
    ...{ id, role, content },
    ...(row.agent_name === null ? {} : { name: row.agent_name }),
    metadata: { agent_key: row.agent_key, status: row.status },
  };
}
