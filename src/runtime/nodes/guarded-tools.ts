import { cutCharacters, toStorableText } from "../../domain/text/cut-text.ts";
import type { ToolExecution, ToolPort } from "./tool-port.ts";

/** Holds a port to its promise never to throw: what throws has failed, and is neither offered nor triggered. */
export function guardTools(port: ToolPort): ToolPort {
  return {
    offered: (permissions) => orElse(() => port.offered(permissions), []),
    trigger: (message, permissions) => orElse(() => port.trigger(message, permissions), null),
    async execute(request) {
      try {
        return await port.execute(request);
      } catch {
        return { toolName: toStorableText(cutCharacters(request.name, 64)), ...failed };
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
