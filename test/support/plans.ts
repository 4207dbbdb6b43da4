import type { RunGrant } from "../../src/domain/billing/run-grant.ts";
import type { RosterAgent } from "../../src/domain/plan/roster-agent.ts";
import { firstSteps, inParallel, inSequence } from "../../src/domain/plan/step.ts";
import type { TurnPlan } from "../../src/domain/plan/turn-plan.ts";

/** How the steps of a plan follow each other; one for each form that a mode's plan has. */
export type PlanForm = "parallel" | "sequence" | "routed";

const modeOfForm = { parallel: "tag", sequence: "roundtable", routed: "orchestrator" } as const;

export type PlanOptions = { maxRounds?: number; synthesizer?: RosterAgent | null };

/** A plan in which each agent has one step, or may be picked. */
export function planOf(
  form: PlanForm,
  agents: readonly RosterAgent[],
  { maxRounds = 1, synthesizer = null }: PlanOptions = {},
): TurnPlan {
  const mode = modeOfForm[form];
  const steps = firstSteps(agents);
  switch (form) {
    case "parallel":
      return { mode, steps: inParallel(steps), router: null, synthesizer, unknownTags: [] };
    case "sequence":
      return { mode, steps: inSequence(steps), router: null, synthesizer, unknownTags: [] };
    case "routed":
      return { mode, steps: [], router: { candidates: agents, maxRounds }, synthesizer, unknownTags: [] };
  }
}

/** The grant of a run that nothing limits. */
export const noLimit: RunGrant = {
  amountE8: null,
  planMaxE8: 0n,
  isBudgeted: false,
  pricing: undefined,
  pastHolders: [],
  promptTokens: new Map(),
};
