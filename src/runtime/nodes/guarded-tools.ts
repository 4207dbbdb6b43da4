import { jsonBytes } from "../../domain/text/json-bytes.ts";
import { type ToolExecution, type ToolPort, toRecordedName } from "../../domain/tool.ts";
import { turnBounds } from "../../domain/turn/turn-limiter.ts";

/**
 * Enforces the contract of a tool port. A call that throws has failed, and so has one whose result is longer than a
 * turn has room for. Tools are neither offered nor triggered where the port throws.
 */
export function guardTools(port: ToolPort): ToolPort {
  return {
    offered: (permissions) => orElse(() => port.offered(permissions), []),
    trigger: (message, permissions) => orElse(() => port.trigger(message, permissions), null),
    async execute(request) {
      try {
        const execution = await port.execute(request);
        if (jsonBytes(execution.content) > turnBounds.maxToolResultBytes) throw new Error("too long");
        return execution;
      } catch {
        return { toolName: toRecordedName(request.name), ...failed };
      }
    },
  };
}

const failed: Omit<ToolExecution, "toolName"> = {
  status: "error",
  content: JSON.stringify({ error: { code: "tool_failed", message: "The tool failed." } }),
  input: {},
  output: { error: "tool_failed" },
  latencyMs: 0,
};

function orElse<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
