import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import type { RunStateValue } from "../graph/run-state.ts";
import { type JoinedCheckpoint, joinParts } from "./list-parts.ts";
import { toTuple } from "./load-tuple.ts";
import { plainJson } from "./plain-json.ts";
import { restoreState } from "./restore-state.ts";

/** A run as it was last stored: as LangGraph's tuple, and as the state. */
export type StoredRun = {
  tuple: CheckpointTuple;
  joined: JoinedCheckpoint;
  state: RunStateValue;
  /** Whether nothing of it is missing. Only then can LangGraph continue it. */
  isWhole: boolean;
  /** Whether this version wrote it. LangGraph cannot continue a run of another version: its nodes have other names. */
  isCurrent: boolean;
};

/** Changes with the names of the graph's nodes and with the lists of its state. Absent: 1, nodes by agent. */
export const checkpointFormat = 2;

export async function loadProgress(stored: StoredCheckpoint | undefined): Promise<StoredRun | undefined> {
  if (stored === undefined) return undefined;
  const parts = await toTuple(plainJson, stored);
  const joined = joinParts(parts.checkpoint);
  const tuple = { ...parts, checkpoint: joined.checkpoint };
  const isWhole = joined.isWhole && !stored.lacksTexts;
  const isCurrent = readFormat(stored.metadata) === checkpointFormat;
  return { tuple, joined, state: restoreState(tuple), isWhole, isCurrent };
}

function readFormat(metadata: unknown): unknown {
  return typeof metadata === "object" && metadata !== null && "format" in metadata ? metadata.format : 1;
}
