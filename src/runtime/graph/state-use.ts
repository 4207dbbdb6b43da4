import { jsonBytes } from "../../domain/text/json-bytes.ts";
import { type AgentUse, noAgentUse, type TurnUse } from "../../domain/turn/turn-size.ts";
import type { TurnStateValue } from "./turn-state.ts";

/** What a run that is resumed holds already, on top of the turn's earlier runs. */
export function addStateUse(before: TurnUse, { replies, toolMessages }: TurnStateValue): TurnUse {
  const byAgent = new Map<string, AgentUse>();
  let { toolCalls, toolBytes, modelBytes } = before;
  for (const one of toolMessages) {
    if (one.kind === "asked") modelBytes += jsonBytes(one.message);
    else if (one.hadRoom) {
      const bytes = jsonBytes(one.message.content);
      const agent = byAgent.get(one.agentKey) ?? noAgentUse;
      byAgent.set(one.agentKey, { toolCalls: agent.toolCalls + 1, toolBytes: agent.toolBytes + bytes });
      toolCalls += 1;
      toolBytes += bytes;
    }
  }
  for (const reply of replies) if (reply.status === "completed") modelBytes += jsonBytes(reply.content);
  return { toolCalls, toolBytes, modelBytes, byAgent };
}
