import type { RosterAgent } from "./roster-agent.ts";

/** `agent`: an answer to the user; `synthesis`: the one answer that is written from all others. */
export const stepRoles = ["agent", "synthesis"] as const;
export type StepRole = (typeof stepRoles)[number];

/** One answer in a plan. */
export type Step = {
  /** `ada#1` for an agent's first answer in the turn, `ada#2` for its second; `synthesis`. */
  id: string;
  role: StepRole;
  /** From 1; null: the synthesis, which belongs to no round. */
  round: number | null;
  agent: RosterAgent;
  /** Ids of the steps that must have replied before this one starts. */
  after: readonly string[];
  /** Ids of the steps whose replies it is sent. */
  sees: readonly string[];
};

/** A step that has no order yet: a mode gives it one. */
export type UnorderedStep = Pick<Step, "id" | "agent" | "round">;

export const synthesisStepId = "synthesis";

export function agentStepId(agentKey: string, answer: number): string {
  return `${agentKey}#${answer}`;
}

/** The step of a stored row. A row of the version before steps has none: its agent answered once. */
export function stepIdOf({ step, agentKey }: { step?: string | null; agentKey: string }): string {
  return step ?? agentStepId(agentKey, 1);
}

export function stepRoleOf(stepId: string): StepRole {
  return stepId === synthesisStepId ? "synthesis" : "agent";
}

/** Steps of these agents, each of which is asked once. */
export function firstSteps(agents: readonly RosterAgent[]): UnorderedStep[] {
  return stepsOfRounds(agents, 1);
}

/** Steps of these agents, each of which is asked in every round. */
export function stepsOfRounds(agents: readonly RosterAgent[], rounds: number): UnorderedStep[] {
  const numbers = Array.from({ length: rounds }, (_, index) => index + 1);
  return agents.flatMap((agent) =>
    numbers.map((round) => ({ id: agentStepId(agent.agentKey, round), agent, round })),
  );
}

/** All start at once, and none sees another's answer. */
export function inParallel(steps: readonly UnorderedStep[]): Step[] {
  return steps.map(({ id, agent, round }) => ({ id, role: "agent", round, agent, after: [], sees: [] }));
}

/** One after another, each sees the answers before its own. */
export function inSequence(steps: readonly UnorderedStep[]): Step[] {
  const ids = steps.map(({ id }) => id);
  return steps.map(({ id, agent, round }, index) => ({
    id,
    role: "agent",
    round,
    agent,
    after: ids.slice(Math.max(0, index - 1), index),
    sees: ids.slice(0, index),
  }));
}

/** The last step of a turn: it starts when no other step is left, and sees all their replies. */
export function synthesisStep(agent: RosterAgent, steps: readonly Step[]): Step {
  const followed = new Set(steps.flatMap(({ after }) => after));
  const ids = steps.map(({ id }) => id);
  return {
    id: synthesisStepId,
    role: "synthesis",
    round: null,
    agent,
    after: ids.filter((id) => !followed.has(id)),
    sees: ids,
  };
}
