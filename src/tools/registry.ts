import { fenceUntrusted } from "../domain/context/untrusted-text.ts";
import { readPermissions } from "../domain/permissions.ts";
import { cutCharacters, toStorableText } from "../domain/text/cut-text.ts";
import { cutJsonBytes } from "../domain/text/json-bytes.ts";
import { turnBounds } from "../domain/turn/turn-size.ts";
import { toRecordedJson } from "./recorded-json.ts";
import type { JsonRecord, Tool, ToolResult } from "./tool.ts";
import { untilAborted } from "./until-aborted.ts";

/** A tool as a model is offered it; `parameters` is a JSON schema. */
export type ToolOffer = Pick<Tool, "name" | "description" | "parameters">;

/** A tool call that a user's message asks for, in the form that a model would have asked for it. */
export type ToolTrigger = Pick<ToolCall, "name" | "argumentsText">;

export type ToolCall = {
  name: string;
  /** The model's own text, JSON if it kept to the form. */
  argumentsText: string;
  /** The agent's permissions as they are stored, whatever they are. */
  permissions: unknown;
  signal: AbortSignal;
};

/** One execution or refusal: `content` is for the model, the rest for the record. */
export type ToolExecution = {
  /** As the model wrote it, cut at 64 characters. */
  toolName: string;
  /** `denied`: nothing was run. */
  status: ToolResult["status"] | "denied";
  /** As the model is shown it: others' words fenced, refusals and failures in our own. */
  content: string;
  /** Each at most 8 KiB of JSON. */
  input: JsonRecord;
  output: JsonRecord;
  latencyMs: number;
};

export type ToolRegistry = {
  /** What a model may be offered: the permitted tools, in the registry's order. */
  offered(permissions: unknown): ToolOffer[];
  /** The first permitted tool that the message asks for by its prefix. */
  trigger(message: string, permissions: unknown): ToolTrigger | null;
  /** Checks the permission again, whatever was offered, and runs the tool. Never throws. */
  execute(call: ToolCall): Promise<ToolExecution>;
};

/** `now` is in milliseconds. Throws where two tools have one name. */
export function createToolRegistry(tools: readonly Tool[], { now }: { now: () => number }): ToolRegistry {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  if (byName.size !== tools.length) throw new Error("Two tools have the same name.");
  const permitted = (permissions: unknown) => {
    const names: readonly string[] = readPermissions(permissions);
    return tools.filter(({ name }) => names.includes(name));
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
    async execute({ name, argumentsText, permissions, signal }) {
      const startedAtMs = now();
      const allowed = permitted(permissions);
      const tool = allowed.find((candidate) => candidate.name === name);
      const ending =
        tool === undefined
          ? refuse(byName.has(name), allowed, argumentsText)
          : await runTool(tool, argumentsText, signal);
      return {
        ...ending,
        toolName: toStorableText(cutCharacters(name, 64)),
        input: toRecordedJson(ending.input),
        output: toRecordedJson(ending.output),
        latencyMs: Math.max(0, Math.round(now() - startedAtMs)),
      };
    },
  };
}

/** What stands around it in a prompt takes the rest. */
const maxContentBytes = turnBounds.maxToolResultBytes - 1_024;

type Ending = Pick<ToolExecution, "status" | "content" | "input" | "output">;

function refuse(isKnown: boolean, allowed: readonly Tool[], argumentsText: string): Ending {
  const code = isKnown ? "tool_not_permitted" : "unknown_tool";
  const names = allowed.map(({ name }) => name).join(", ") || "none";
  const reason = isKnown ? "You are not permitted to use this tool." : "There is no such tool.";
  const message = `${reason} Tools you may use: ${names}. Answer without it.`;
  return { status: "denied", ...explain(code, message), input: { arguments: argumentsText } };
}

async function runTool(tool: Tool, argumentsText: string, signal: AbortSignal): Promise<Ending> {
  let input: JsonRecord = { arguments: argumentsText };
  try {
    const reading = tool.readArguments(argumentsText);
    if (!reading.ok) return { status: "error", ...explain("invalid_arguments", reading.message), input };
    input = reading.args;
    signal.throwIfAborted();
    const result = await untilAborted(tool.execute(reading.args, { signal }), signal);
    if (result.status === "error") return result;
    return { ...result, content: fenceUntrusted(tool.name, cutJsonBytes(result.content, maxContentBytes)) };
  } catch {
    const [code, message] = signal.aborted
      ? (["tool_aborted", "The tool was stopped before it answered."] as const)
      : (["tool_failed", "The tool failed."] as const);
    return { status: "error", ...explain(code, message), input };
  }
}

/** A refusal that models can read and act on. */
function explain(code: string, message: string) {
  return { content: JSON.stringify({ error: { code, message } }), output: { error: code } };
}
