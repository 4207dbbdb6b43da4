import type { PromptMessage } from "../../domain/context/prompt.ts";
import type { ModelRequest } from "./model-port.ts";

type WireToolCall = { id: string; type: "function"; function: { name: string; arguments: string } };

/** A message as chat completions take it. */
export type WireMessage =
  | { role: "system" | "user"; content: string }
  | { role: "assistant"; content: string | null; tool_calls?: WireToolCall[] }
  | { role: "tool"; tool_call_id: string; content: string };

type WireTool = {
  type: "function";
  function: { name: string; description: string; parameters: Record<string, unknown> };
};

/** The JSON body of one chat completion, always streamed: a cut answer is told from a whole one. */
export type RequestBody = {
  model: string;
  messages: WireMessage[];
  max_tokens: number;
  tools?: WireTool[];
  tool_choice?: "auto" | "none";
  stream: true;
  stream_options: { include_usage: true };
};

export function buildRequestBody(request: ModelRequest): RequestBody {
  return {
    model: request.model.providerModel,
    messages: request.messages.map(toWireMessage),
    max_tokens: request.maxOutputTokens,
    ...toWireTools(request),
    stream: true,
    stream_options: { include_usage: true },
  };
}

function toWireTools({ tools, toolChoice }: ModelRequest): Pick<RequestBody, "tools" | "tool_choice"> {
  if (tools.length === 0) return {};
  return {
    tool_choice: toolChoice,
    tools: tools.map(({ name, description, parameters }) => ({
      type: "function" as const,
      function: { name, description, parameters: { ...parameters } },
    })),
  };
}

function toWireMessage(message: PromptMessage): WireMessage {
  if (message.role === "tool")
    return { role: "tool", tool_call_id: message.toolCallId, content: message.content };
  if (!("toolCalls" in message)) return { role: message.role, content: message.content };
  return {
    role: "assistant",
    content: message.content,
    tool_calls: message.toolCalls.map(({ id, name, argumentsText }) => ({
      id,
      type: "function",
      function: { name, arguments: argumentsText },
    })),
  };
}
