import type { WholeToolCall } from "./completion.ts";
import type { ToolCallForm } from "./dialects.ts";

/** The deltas in which a stream names its tool calls, in the form of a provider. */
export function toolCallDeltas(calls: readonly WholeToolCall[], form: ToolCallForm): object[] {
  return calls.flatMap((call, index) => deltasOf(call, index, form)).map((call) => ({ tool_calls: [call] }));
}

function deltasOf(call: WholeToolCall, index: number, form: ToolCallForm): object[] {
  const { name, arguments: text } = call.function;
  const half = Math.ceil(text.length / 2);
  const [start, rest] = [text.slice(0, half), text.slice(half)];
  switch (form) {
    case "in_pieces":
      return [
        { index, ...call, function: { name, arguments: "" } },
        { index, function: { arguments: text } },
      ];
    case "whole":
      return [{ index, ...call }];
    case "whole_without_index":
      return [call];
    case "whole_at_index_0":
      return [{ index: 0, ...call }];
    case "name_in_every_piece":
      return [
        { index, ...call, function: { name, arguments: start } },
        { index, ...call, function: { name, arguments: rest } },
      ];
    case "arguments_as_object":
      return [{ index, ...call, function: { name, arguments: parseObject(text) } }];
    case "with_signature":
      return [
        { index, ...call, extra_content: { google: { thought_signature: `signature of ${call.id}` } } },
      ];
  }
}

/** Arguments that are no JSON object stay text. */
function parseObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : text;
  } catch {
    return text;
  }
}
