import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import type { TurnStateValue } from "../graph/turn-state.ts";
import { type JoinedCheckpoint, joinParts } from "./list-parts.ts";
import { toTuple } from "./load-tuple.ts";
import { plainJson } from "./plain-json.ts";
import { restoreState } from "./restore-state.ts";

/** A run as it was last stored: as LangGraph's tuple, and as the state. */
export type StoredRun = {
  tuple: CheckpointTuple;
  joined: JoinedCheckpoint;
  state: TurnStateValue;
  /** Whether nothing of it is missing. Only then can LangGraph continue it. */
  isWhole: boolean;
};

export async function loadProgress(stored: StoredCheckpoint | undefined): Promise<StoredRun | undefined> {
  if (stored === undefined) return undefined;
  const parts = await toTuple(plainJson, stored);
  const joined = joinParts(parts.checkpoint);
  const tuple = { ...parts, checkpoint: joined.checkpoint };
  const isWhole = joined.isWhole && !stored.lacksTexts;
  return { tuple, joined, state: restoreState(tuple), isWhole };
}
