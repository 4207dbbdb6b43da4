import type { ToolCallRequest } from "../../domain/context/prompt.ts";
import { type ToolExecution, toRecordedName } from "../../domain/tool.ts";
import { toolLimitCode, turnBounds } from "../../domain/turn/turn-limiter.ts";
import { budgetExhausted } from "../graph/pay-for-calls.ts";

/** The result of a call that the turn has no room for. Its arguments are not recorded: a turn may have hundreds of them. */
export function refuseCall(call: ToolCallRequest): ToolExecution {
  return refuse(call, toolLimitCode, message);
}

/** The result of a call that the run's grant does not pay for. */
export function refuseUnpaid(call: ToolCallRequest): ToolExecution {
  return refuse(
    call,
    budgetExhausted.code,
    "The turn's credits do not pay for this tool. Answer without it.",
  );
}

function refuse({ name }: ToolCallRequest, code: string, text: string): ToolExecution {
  return {
    toolName: toRecordedName(name),
    status: "denied",
    content: JSON.stringify({ error: { code, message: text } }),
    input: {},
    output: { error: code },
    latencyMs: 0,
  };
}

const { maxToolCallsPerAnswer, maxToolCallsPerAgent, maxToolCallsPerTurn } = turnBounds;

const message = [
  `The limit of tool calls is reached: ${maxToolCallsPerAnswer} in one answer, ${maxToolCallsPerAgent} of one agent and`,
  `${maxToolCallsPerTurn} in one turn, and less where results are long. Answer with what you have.`,
].join(" ");
