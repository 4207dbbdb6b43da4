import { agentKeyPattern, managerKey } from "../agent-key.ts";
import type { RosterAgent } from "./roster-agent.ts";

/** The room's settings for its turns, besides its mode. */
export type Orchestration = {
  /** How often the manager may pick agents in one turn. */
  maxRounds: number;
  /** Who writes one consolidated answer at the end: `off`, `manager`, or an agent's key. */
  synthesis: string;
};

export const noSynthesis = "off";
export const maxRoundsLimit = 3;
/** How many agents the manager may pick in one round. */
export const maxAgentsPerRound = 3;
/** How many answers of agents a turn may have; the synthesis is not counted. */
export const maxAgentSteps = 12;

/** Of a room that was never changed, and of a claim that an earlier version took. */
export const defaultOrchestration: Orchestration = { maxRounds: 1, synthesis: noSynthesis };

/** Every agent's key, `manager` and `off`. */
export const synthesisPattern = agentKeyPattern;

/**
 * The agent that writes the synthesis; null: none does. An agent that has left the room counts as `off`.
 * The manager writes with its own model; an override does not change it. Its alias is null where the claim has none.
 */
export function findSynthesizer(
  { synthesis }: Orchestration,
  roster: readonly RosterAgent[],
  managerModelAlias: string | null,
): RosterAgent | null {
  const key = synthesis.toLowerCase();
  if (key === noSynthesis) return null;
  if (key === managerKey) return managerModelAlias === null ? null : managerAgent(managerModelAlias);
  return roster.find(({ agentKey }) => agentKey.toLowerCase() === key) ?? null;
}

function managerAgent(modelAlias: string): RosterAgent {
  return {
    agentKey: managerKey,
    name: "Manager",
    modelAlias,
    rolePrompt: "You are the manager of this room. You know all its agents, and you speak for the room.",
    toolPermissions: [],
    modelSettings: {},
    position: -1,
  };
}
