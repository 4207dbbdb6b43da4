import type { ToolExecution, ToolPort, ToolRequest } from "../../../../src/domain/tool.ts";

type Execute = (request: ToolRequest) => Promise<Partial<ToolExecution>>;

/**
 * Tools of the tests' own, behind the port that the runtime knows. What runs is written down; permissions are
 * checked as the real registry does. `<name>: …` at the beginning of a message asks for the tool.
 */
export function createFakeTools(names: readonly string[], execute: Execute = async () => ({})) {
  const executed: ToolRequest[] = [];
  let inFlight = 0;
  let maxInFlight = 0;
  const port: ToolPort = {
    offered: (permissions) =>
      names
        .filter((name) => isPermitted(permissions, name))
        .map((name) => ({ name, description: `The tool ${name}.`, parameters: { type: "object" } })),
    trigger(message, permissions) {
      const name = names.find((one) => isPermitted(permissions, one) && message.startsWith(`${one}: `));
      return name === undefined
        ? null
        : { name, argumentsText: JSON.stringify({ query: message.slice(name.length + 2) }) };
    },
    async execute(request) {
      const { name: toolName, argumentsText, permissions } = request;
      const recorded = { toolName, input: { arguments: argumentsText }, latencyMs: 1 };
      if (!names.includes(toolName) || !isPermitted(permissions, toolName)) {
        const content = JSON.stringify({ error: { code: "tool_not_permitted" } });
        return { ...recorded, status: "denied", content, output: { error: "tool_not_permitted" } };
      }
      executed.push(request);
      inFlight += 1;
      maxInFlight = Math.max(maxInFlight, inFlight);
      try {
        const content = `${toolName} found ${argumentsText}`;
        return { ...recorded, status: "success", content, output: {}, ...(await execute(request)) };
      } finally {
        inFlight -= 1;
      }
    },
  };
  return { port, executed, maxInFlight: () => maxInFlight };
}

function isPermitted(permissions: unknown, name: string): boolean {
  return Array.isArray(permissions) && permissions.includes(name);
}
