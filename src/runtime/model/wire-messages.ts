import type { PromptMessage } from "../../domain/context/prompt.ts";
import type { ProviderFields } from "../../domain/context/provider-fields.ts";
import type { SystemRole } from "../../domain/model-dialect.ts";
import { createCallIds, type WireToolCall, writeToolCalls } from "./wire-tool-calls.ts";

/** A message of a chat completion. */
export type WireMessage =
  | { role: SystemRole; content: string }
  | AssistantMessage
  | { role: "tool"; tool_call_id: string; content: string };

type AssistantMessage = ProviderFields & {
  role: "assistant";
  content: string | null;
  tool_calls?: WireToolCall[];
};

type ToolRequestMessage = Extract<PromptMessage, { toolCalls: unknown }>;

/** The provider's fields that are sent back with a message and its calls. Null: none. */
export type FieldsOf = (
  message: ToolRequestMessage,
) => { message: ProviderFields; calls: readonly ProviderFields[] } | null;

/** Sent before an agent's own answer that would otherwise be the first message. */
const openingNote = "(What was said before is left out.)";

/**
 * Messages in the order of roles that every provider takes: one system message, then user and assistant in turn.
 * Neighbours of one role are joined; the results of tools follow the answer that asked for them.
 */
export function writeMessages(
  messages: readonly PromptMessage[],
  { systemRole, fieldsOf }: { systemRole: SystemRole; fieldsOf: FieldsOf },
): WireMessage[] {
  const written: WireMessage[] = [];
  const ids = createCallIds();
  const system = messages.flatMap(({ role, content }) =>
    role === "system" && content !== "" ? [content] : [],
  );
  if (system.length > 0) written.push({ role: systemRole, content: system.join("\n\n") });
  for (const message of messages) {
    switch (message.role) {
      case "system":
        break;
      case "user":
        addUserText(written, message.content);
        break;
      case "tool":
        written.push({
          role: "tool",
          tool_call_id: ids.idOf(message.toolCallId),
          content: message.content || "(no output)",
        });
        break;
      case "assistant": {
        const answer: AssistantMessage = { role: "assistant", content: message.content || null };
        if ("toolCalls" in message) {
          ids.startAnswer(message.toolCalls.map(({ id }) => id));
          const fields = fieldsOf(message);
          Object.assign(answer, fields?.message);
          answer.tool_calls = writeToolCalls(message.toolCalls, ids.idOf, fields?.calls ?? []);
        }
        addAnswer(written, answer);
      }
    }
  }
  return written;
}

function addUserText(written: WireMessage[], content: string): void {
  if (content === "") return;
  const last = written.at(-1);
  if (last?.role === "user") last.content = joinTexts(last.content, content);
  else written.push({ role: "user", content });
}

function addAnswer(written: WireMessage[], answer: AssistantMessage): void {
  if (answer.content === null && answer.tool_calls === undefined) return;
  const last = written.at(-1);
  if (last?.role === "assistant" && last.tool_calls === undefined) {
    written[written.length - 1] = { ...last, ...answer, content: joinTexts(last.content, answer.content) };
    return;
  }
  if (last === undefined || last.role === "system" || last.role === "developer")
    addUserText(written, openingNote);
  written.push(answer);
}

function joinTexts(left: string, right: string): string;
function joinTexts(left: string | null, right: string | null): string | null;
function joinTexts(left: string | null, right: string | null): string | null {
  if (left === null || right === null) return left ?? right;
  return `${left}\n\n${right}`;
}
