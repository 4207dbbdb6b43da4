import type { Catalog } from "../../domain/catalog.ts";
import type { DroppedRange } from "../../domain/context/seq-ranges.ts";
import type { TurnPlan } from "../../domain/plan/turn-plan.ts";
import type { SessionState } from "../../domain/turn/session-state.ts";
import type { TurnOutcome } from "../../domain/turn/turn-outcome.ts";
import type { ClaimRow, StoredTurn } from "./stored-turn.ts";

/** The input from which the rows of a run are built. */
export type TurnRecordInput = {
  claim: ClaimRow;
  /** The stored turn, where this run is a retry. */
  retried: StoredTurn | null;
  /** Highest `seq` of the session's messages, 0 where there is none. */
  lastSeq: number;
  /** Messages after the summary that were not read for the agents' prompts. */
  notRead: readonly DroppedRange[];
  userId: string;
  plan: TurnPlan;
  outcome: TurnOutcome;
  catalog: Catalog;
  /** The session as open read it; null: it was not read, and does not change. */
  session: SessionState | null;
  /** Estimated tokens of a text, unscaled. */
  estimateTokens: (text: string) => number;
  finishedAt: Date;
  newId: () => string;
};
