import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import { type ToolExecution, toRecordedName } from "../../domain/tool.ts";
import { toolLimitCode, turnBounds } from "../../domain/turn/turn-limiter.ts";

/** The result of a call that the turn has no room for. Its arguments are not recorded: a turn may have hundreds of them. */
export function refuseCall({ name }: ToolCallRequest): ToolExecution {
  return {
    toolName: toRecordedName(name),
    status: "denied",
    content: JSON.stringify({ error: { code: toolLimitCode, message } }),
    input: {},
    output: { error: toolLimitCode },
    latencyMs: 0,
  };
}

const { maxToolCallsPerAnswer, maxToolCallsPerAgent, maxToolCallsPerTurn } = turnBounds;

const message = [
  `The limit of tool calls is reached: ${maxToolCallsPerAnswer} in one answer, ${maxToolCallsPerAgent} of one agent and`,
  `${maxToolCallsPerTurn} in one turn, and less where results are long. Answer with what you have.`,
].join(" ");
