import { fenceUntrusted } from "../domain/context/untrusted-text.ts";
import { mayUse, readPermissions } from "../domain/permissions.ts";
import { cutJsonBytes } from "../domain/text/json-bytes.ts";
import {
  type JsonRecord,
  type ToolContext,
  type ToolExecution,
  type ToolPort,
  toRecordedName,
} from "../domain/tool.ts";
import { isCancelled } from "../domain/turn/agent-failure.ts";
import { maxToolContentBytes } from "../domain/turn/turn-limiter.ts";
import { toRecordedJson } from "./recorded-json.ts";
import type { Tool } from "./tool.ts";
import { untilAborted } from "./until-aborted.ts";

/** `now` is in milliseconds. Throws where two tools have one name. */
export function createToolRegistry(tools: readonly Tool[], { now }: { now: () => number }): ToolPort {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  if (byName.size !== tools.length) throw new Error("Two tools have the same name.");
  const permitted = (permissions: unknown) => {
    const known = readPermissions(permissions);
    return tools.filter(({ name }) => mayUse(known, name));
  };
  return {
    offered: (permissions) =>
      permitted(permissions).map(({ name, description, parameters }) => ({ name, description, parameters })),
    trigger(message, permissions) {
      for (const tool of permitted(permissions)) {
        const args = tool.readTrigger(message);
        if (args !== null) return { name: tool.name, argumentsText: JSON.stringify(args) };
      }
      return null;
    },
    async execute({ name, argumentsText, permissions, context }) {
      const startedAtMs = now();
      const allowed = permitted(permissions);
      const tool = allowed.find((candidate) => candidate.name === name);
      const result =
        tool === undefined
          ? refuse(byName.has(name), allowed, argumentsText)
          : await runTool(tool, argumentsText, context);
      return {
        ...result,
        toolName: toRecordedName(name),
        input: toRecordedJson(result.input),
        output: toRecordedJson(result.output),
        latencyMs: Math.max(0, Math.round(now() - startedAtMs)),
      };
    },
  };
}

type CallResult = Pick<ToolExecution, "status" | "content" | "laterContent" | "input" | "output">;

function refuse(isKnown: boolean, allowed: readonly Tool[], argumentsText: string): CallResult {
  const code = isKnown ? "tool_not_permitted" : "unknown_tool";
  const names = allowed.map(({ name }) => name).join(", ") || "none";
  const reason = isKnown ? "You are not permitted to use this tool." : "There is no such tool.";
  const message = `${reason} Tools you may use: ${names}. Answer without it.`;
  return { status: "denied", ...explain(code, message), input: { arguments: argumentsText } };
}

async function runTool(tool: Tool, argumentsText: string, context: ToolContext): Promise<CallResult> {
  const { signal } = context;
  let input: JsonRecord = { arguments: argumentsText };
  try {
    const reading = tool.readArguments(argumentsText);
    if (!reading.ok) return { status: "error", ...explain("invalid_arguments", reading.message), input };
    input = reading.args;
    signal.throwIfAborted();
    const result = await untilAborted(tool.execute(reading.args, context), signal);
    if (result.status === "error") return result;
    const content = cutJsonBytes(result.content, maxToolContentBytes);
    return { ...result, content: fenceUntrusted(tool.name, content, tool.citeBy) };
  } catch {
    const { code, message } = describeFailure(signal);
    return { status: "error", ...explain(code, message), input };
  }
}

function describeFailure(signal: AbortSignal): { code: string; message: string } {
  if (isCancelled(signal)) return { code: "cancelled", message: "The turn was cancelled." };
  if (signal.aborted) return { code: "tool_aborted", message: "The tool was stopped before it answered." };
  return { code: "tool_failed", message: "The tool failed." };
}

/** An error in a form that models can read and act on. */
function explain(code: string, message: string) {
  return { content: JSON.stringify({ error: { code, message } }), output: { error: code } };
}
