export type ChatMessage = { role: string; content: string; tool_calls: unknown[] };
export type ToolOffer = { name: string; parameters: Record<string, unknown> };

/** One request to `…/chat/completions`, read leniently: what is missing or odd becomes empty. */
export type ChatCall = {
  /** `chatcmpl-…`; goes out as the completion's id and as `x-request-id`. */
  callId: string;
  /** The path in front of `/chat/completions`. */
  basePath: string;
  authorizationPresent: boolean;
  acceptEncoding: string | null;
  model: string;
  stream: boolean;
  includeUsage: boolean;
  messages: ChatMessage[];
  tools: ToolOffer[];
  body: Record<string, unknown>;
  /** Aborted when the client goes away before the answer is complete. */
  clientClosed: AbortSignal;
};

export function readChatCall(
  text: string,
  rest: Pick<ChatCall, "callId" | "basePath" | "authorizationPresent" | "acceptEncoding" | "clientClosed">,
): ChatCall | null {
  const body = parseRecord(text);
  if (body === null) return null;
  return {
    ...rest,
    model: typeof body.model === "string" ? body.model : "",
    stream: body.stream === true,
    includeUsage: asRecord(body.stream_options).include_usage === true,
    messages: asList(body.messages).map(readMessage),
    tools: asList(body.tools).map(readTool),
    body,
  };
}

/** Everything that was said, in one text; rules look for words in it, and tokens are counted from it. */
export function transcriptOf(call: ChatCall): string {
  const lines = call.messages.map(({ content, tool_calls }) =>
    tool_calls.length ? `${content}\n${JSON.stringify(tool_calls)}` : content,
  );
  return lines.join("\n");
}

export function asRecord(value: unknown): Record<string, unknown> {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : {};
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function parseRecord(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? asRecord(value) : null;
  } catch {
    return null;
  }
}

function readMessage(value: unknown): ChatMessage {
  const { role, content, tool_calls } = asRecord(value);
  return { role: String(role ?? ""), content: textOf(content), tool_calls: asList(tool_calls) };
}

/** Content is a text, or a list of parts of which some are texts. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return asList(content)
    .map((part) => asRecord(part).text)
    .filter((text) => typeof text === "string")
    .join("\n");
}

function readTool(value: unknown): ToolOffer {
  const tool = asRecord(asRecord(value).function);
  return { name: String(tool.name ?? ""), parameters: asRecord(tool.parameters) };
}
