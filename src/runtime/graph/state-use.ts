import { jsonBytes } from "../../domain/text/json-bytes.ts";
import { type AgentUse, noAgentUse, type TurnUse } from "../../domain/turn/turn-size.ts";
import type { TurnStateValue } from "./turn-state.ts";

/** Adds what a resumed run holds already to what the turn's earlier runs hold. */
export function addStateUse(before: TurnUse, { replies, toolMessages }: TurnStateValue): TurnUse {
  const byAgent = new Map<string, AgentUse>();
  let { toolCalls, toolBytes, modelBytes } = before;
  for (const entry of toolMessages) {
    if (entry.kind === "asked") modelBytes += jsonBytes(entry.message);
    else if (entry.hadRoom) {
      const bytes = jsonBytes(entry.message.content);
      const agent = byAgent.get(entry.agentKey) ?? noAgentUse;
      byAgent.set(entry.agentKey, { toolCalls: agent.toolCalls + 1, toolBytes: agent.toolBytes + bytes });
      toolCalls += 1;
      toolBytes += bytes;
    }
  }
  for (const reply of replies) if (reply.status === "completed") modelBytes += jsonBytes(reply.content);
  return { toolCalls, toolBytes, modelBytes, byAgent };
}
