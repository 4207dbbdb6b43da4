import { type CheckpointTuple, MemorySaver } from "@langchain/langgraph-checkpoint";
import type { TurnStateValue } from "../graph/turn-state.ts";
import type { StoredCheckpoint } from "./checkpoint-rows.ts";
import { toTuple } from "./load-tuple.ts";
import { restoreState } from "./restore-state.ts";

/** A run as it was last stored: as LangGraph goes on from it, and as the state that it had reached. */
export type StoredRun = { tuple: CheckpointTuple; state: TurnStateValue };

export async function loadProgress(stored: StoredCheckpoint | undefined): Promise<StoredRun | undefined> {
  if (stored === undefined) return undefined;
  const tuple = await toTuple(new MemorySaver().serde, stored);
  return { tuple, state: restoreState(tuple) };
}
