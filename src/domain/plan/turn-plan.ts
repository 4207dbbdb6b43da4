import { readModelSettings } from "../model-settings.ts";
import { readPermissions } from "../permissions.ts";
import type { Mode, ModePlan, PlanRefusal } from "./mode.ts";
import { modes, type RoomMode } from "./modes.ts";
import {
  defaultOrchestration,
  findSynthesizer,
  maxRoundsLimit,
  type Orchestration,
} from "./orchestration.ts";
import type { RosterAgent } from "./roster-agent.ts";
import { inParallel, type StepRole, stepRoleOf, stepsOfRounds, type UnorderedStep } from "./step.ts";

/** Who answers, in which order, who sees what. taken-steps.ts reads it together with what the manager picked. */
export type TurnPlan = ModePlan & {
  mode: RoomMode;
  /** Who writes the last step; null: there is no synthesis. */
  synthesizer: RosterAgent | null;
};

export type PlanResult = { ok: true; plan: TurnPlan } | { ok: false; refusal: PlanRefusal };

type PlanSettings = {
  mode: RoomMode;
  roster: readonly RosterAgent[];
  orchestration?: Orchestration | undefined;
  /** The model of a synthesis that the manager writes. Null: it is not known, so the manager writes none. */
  managerModelAlias?: string | null;
};

export type PlanInput = PlanSettings & {
  message: string;
  /** Every agent answers with this model. */
  modelAliasOverride?: string | undefined;
};

/** Decides who answers a message and how. No I/O, no clock: the same input gives the same plan. */
export function planTurn(input: PlanInput): PlanResult {
  return planWithMode(modes[input.mode], input);
}

/** The same with a mode that may be missing in the table `modes`. */
export function planWithMode(mode: Mode, input: PlanInput): PlanResult {
  const roster = input.roster
    .map((agent) => withReadableFields(withModel(agent, input.modelAliasOverride)))
    .toSorted((a, b) => a.position - b.position);
  const { maxRounds } = input.orchestration ?? defaultOrchestration;
  const result = mode.plan({ roster, message: input.message, maxRounds });
  if (!result.ok) return result;
  return {
    ok: true,
    plan: { ...result.plan, mode: input.mode, synthesizer: chooseSynthesizer(input, roster) },
  };
}

/** A reply of a stored turn that failed. */
export type FailedStep = { id: string; agentKey: string; round: number };

export type RetryInput = PlanSettings & {
  /** The failed steps of agents, in the turn's order. */
  failed: readonly FailedStep[];
  /** Whether the turn has a completed synthesis: it is not written again. */
  hasSynthesis: boolean;
};

/** The plan of a retry: the failed steps whose agents are still in the room, in the turn's order and mode. */
export function planRetry(input: RetryInput): PlanResult {
  const roster = input.roster.map(withReadableFields);
  const byKey = new Map(roster.map((agent) => [agent.agentKey, agent]));
  const failed = input.failed.flatMap(({ id, agentKey, round }): UnorderedStep[] => {
    const agent = byKey.get(agentKey);
    return agent === undefined ? [] : [{ id, agent, round }];
  });
  const synthesizer = input.hasSynthesis ? null : chooseSynthesizer(input, roster);
  if (failed.length === 0 && synthesizer === null) {
    const detail = "No agent that failed in this turn is left to ask.";
    return { ok: false, refusal: { code: "nothing_to_retry", detail } };
  }
  const { mode } = input;
  const steps = modes[mode].retry(failed);
  return { ok: true, plan: { mode, steps, router: null, synthesizer, unknownTags: [] } };
}

export type PossibleInput = PlanSettings & Pick<PlanInput, "modelAliasOverride"> & { isRetry: boolean };

/**
 * A plan for estimates of a run whose own plan is not known: every step that it may have had, and the synthesis. A retry
 * may repeat an answer of any round.
 */
export function planPossibleSteps(input: PossibleInput): TurnPlan {
  const { mode, isRetry, orchestration = defaultOrchestration } = input;
  const roster = input.roster.map((agent) => withReadableFields(withModel(agent, input.modelAliasOverride)));
  const maxRounds = isRetry ? maxRoundsLimit : orchestration.maxRounds;
  const steps = inParallel(stepsOfRounds(roster, maxRounds));
  const synthesizer = chooseSynthesizer(input, roster);
  return { mode, steps, router: null, synthesizer, unknownTags: [] };
}

function chooseSynthesizer(
  { orchestration = defaultOrchestration, managerModelAlias = null }: PlanSettings,
  roster: readonly RosterAgent[],
): RosterAgent | null {
  return findSynthesizer(orchestration, roster, managerModelAlias);
}

/** Agents that may answer, each once; without the synthesis. */
export function planAgents({ steps, router }: Pick<TurnPlan, "steps" | "router">): RosterAgent[] {
  const agents = router === null ? steps.map(({ agent }) => agent) : router.candidates;
  return [...new Map(agents.map((agent) => [agent.agentKey, agent])).values()];
}

type PlannedAgents = Pick<TurnPlan, "steps" | "router" | "synthesizer">;

/** The agent of a step: who answers is in the plan, since nothing else decides it. */
export function agentOfStep(
  plan: PlannedAgents,
  { step, agentKey }: { step: string; agentKey: string },
): RosterAgent {
  const found = findAgentOfStep(plan, { role: stepRoleOf(step), agentKey });
  if (found === undefined) throw new Error("A reply's agent is not in the plan of its run.");
  return found;
}

function findAgentOfStep(
  plan: PlannedAgents,
  { role, agentKey }: { role: StepRole; agentKey: string },
): RosterAgent | undefined {
  switch (role) {
    case "agent":
      return planAgents(plan).find((agent) => agent.agentKey === agentKey);
    case "synthesis":
      return plan.synthesizer ?? undefined;
  }
}

/** The model of an agent, whichever of its steps is meant. */
export function modelAliasOf(plan: PlannedAgents, agentKey: string): string {
  const agents = [...planAgents(plan), ...(plan.synthesizer === null ? [] : [plan.synthesizer])];
  const found = agents.find((agent) => agent.agentKey === agentKey);
  if (found === undefined) throw new Error("An agent is not in the plan of its run.");
  return found.modelAlias;
}

/** The alias shown for a turn: the agent's own where one agent ran all steps, else a marker for the mode. */
export function modelAliasMarker(mode: RoomMode, agents: readonly RosterAgent[]): string {
  const { text, always } = modes[mode].marker;
  const [first] = agents;
  const isOne = first !== undefined && agents.every(({ agentKey }) => agentKey === first.agentKey);
  return isOne && !always ? first.modelAlias : text;
}

function withModel(agent: RosterAgent, modelAlias: string | undefined): RosterAgent {
  return modelAlias === undefined ? agent : { ...agent, modelAlias };
}

/** Stored permissions and settings may have any form. Those that cannot be read count as none. */
function withReadableFields(agent: RosterAgent): RosterAgent {
  return {
    ...agent,
    toolPermissions: readPermissions(agent.toolPermissions),
    modelSettings: readModelSettings(agent.modelSettings),
  };
}
