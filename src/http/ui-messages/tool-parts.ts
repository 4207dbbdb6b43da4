import { type AGUIEvent, EventType } from "@ag-ui/core";

/**
 * Maps the events of tool calls to the AI SDK's parts. The server has run the tool (`providerExecuted`), so no client runs it
 * again. Its name is not one that the client's types know (`dynamic`).
 */
export function createToolParts(): (event: AGUIEvent) => object[] {
  const calls = new Map<string, { toolName: string; input: string }>();
  const ofTool = { dynamic: true, providerExecuted: true } as const;
  return (event) => {
    switch (event.type) {
      case EventType.TOOL_CALL_START: {
        const { toolCallId, toolCallName: toolName } = event;
        calls.set(toolCallId, { toolName, input: "" });
        return [{ type: "tool-input-start", toolCallId, toolName, ...ofTool }];
      }
      case EventType.TOOL_CALL_ARGS: {
        const call = calls.get(event.toolCallId);
        if (call !== undefined) call.input += event.delta;
        return [];
      }
      case EventType.TOOL_CALL_END: {
        const { toolName, input } = calls.get(event.toolCallId) ?? { toolName: "tool", input: "" };
        const { toolCallId } = event;
        return [{ type: "tool-input-available", toolCallId, toolName, input: readJson(input), ...ofTool }];
      }
      case EventType.TOOL_CALL_RESULT: {
        const { toolCallId, content } = event;
        return [{ type: "tool-output-available", toolCallId, output: readJson(String(content)), ...ofTool }];
      }
      default:
        return [];
    }
  };
}

/** What a model wrote need not be JSON: then it is the text. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
