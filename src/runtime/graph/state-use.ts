import { sumFileTokens } from "../../domain/files/file-reads.ts";
import { jsonBytes } from "../../domain/text/json-bytes.ts";
import { noStepUse, type StepUse, type TurnUse } from "../../domain/turn/turn-limiter.ts";
import type { RunStateValue } from "./run-state.ts";

/** Adds what a resumed run holds already to what the turn's earlier runs hold. */
export function addStateUse(before: TurnUse, { replies, toolMessages, toolEvents }: RunStateValue): TurnUse {
  const byStep = new Map<string, StepUse>();
  let { toolCalls, toolBytes, modelBytes } = before;
  for (const entry of toolMessages) {
    if (entry.kind === "request") modelBytes += jsonBytes(entry.message);
    else if (entry.hadRoom) {
      const bytes = jsonBytes(entry.message.content);
      const use = byStep.get(entry.step) ?? noStepUse;
      byStep.set(entry.step, { toolCalls: use.toolCalls + 1, toolBytes: use.toolBytes + bytes });
      toolCalls += 1;
      toolBytes += bytes;
    }
  }
  for (const reply of replies) if (reply.status === "completed") modelBytes += jsonBytes(reply.content);
  const fileTokens = before.fileTokens + sumFileTokens(toolEvents);
  return { toolCalls, toolBytes, modelBytes, fileTokens, byStep };
}
