import type { RoomMode } from "../plan/modes.ts";
import { maxAgentsPerRound, noSynthesis } from "../plan/orchestration.ts";

/** What is known of a running turn without its plan. */
export type RunPace = {
  mode: RoomMode;
  agents: number;
  maxRounds: number;
  synthesis: string;
  isRetry: boolean;
  /** Since the run was opened. */
  elapsedMs: number;
  /** How long a call took in the session's last turns; null: it has none. */
  callMs: number | null;
};

/** Of a session without a turn. */
const firstCallMs = 5_000;
const minWaitMs = 1_000;

/** Model calls of a turn that wait for each other; a mode that is added needs a line here. */
const callsInSequence = {
  manual: () => 1,
  tag: () => 1,
  roundtable: ({ agents }) => agents,
  orchestrator: ({ agents, maxRounds }) => maxRounds * (1 + Math.min(agents, maxAgentsPerRound)),
} as const satisfies Record<RoomMode, (pace: RunPace) => number>;

/** How long a caller should wait before it tries again: as long as the run is likely to take, and no longer than its lease. */
export function likelyWaitMs(pace: RunPace, leaseLeftMs: number): number {
  const answers = pace.isRetry ? 1 : callsInSequence[pace.mode](pace);
  const calls = answers + (pace.synthesis === noSynthesis ? 0 : 1);
  const leftMs = calls * (pace.callMs ?? firstCallMs) - pace.elapsedMs;
  return Math.min(Math.max(leftMs, minWaitMs), leaseLeftMs);
}
