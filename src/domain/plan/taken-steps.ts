import type { RoutingDecision } from "../routing/routing-decision.ts";
import type { Router } from "./mode.ts";
import { maxAgentSteps } from "./orchestration.ts";
import {
  agentStepId,
  inSequence,
  type Step,
  stepsOfRounds,
  synthesisStep,
  type UnorderedStep,
} from "./step.ts";
import type { TurnPlan } from "./turn-plan.ts";

type PlannedSteps = Pick<TurnPlan, "steps" | "router" | "synthesizer">;
type Picks = Pick<RoutingDecision, "selectedKeys" | "rule" | "verdict">;

/** Why no further round is started. */
export const roundsEnds = ["manager", "unreadable_decision", "max_rounds", "max_steps"] as const;
export type RoundsEnd = (typeof roundsEnds)[number];

/** The steps that a run takes, as far as the manager has decided them, in the order of their replies. */
export function takenSteps(plan: PlannedSteps, decisions: readonly Picks[]): Step[] {
  const steps = plan.router === null ? plan.steps : pickedSteps(plan.router, decisions);
  return plan.synthesizer === null || !isRoutingOver(plan, decisions)
    ? [...steps]
    : [...steps, synthesisStep(plan.synthesizer, steps)];
}

/** Whether the manager decides nothing any more. */
export function isRoutingOver({ router }: PlannedSteps, decisions: readonly Picks[]): boolean {
  return router === null || findRoundsEnd(router, decisions) !== null;
}

/** Why the rounds are over; null: they are not. */
export function findRoundsEnd(router: Router, decisions: readonly Picks[]): RoundsEnd | null {
  const last = decisions.at(-1);
  if (last === undefined) return null;
  if (last.rule === "stopped") return last.verdict === "ok" ? "manager" : "unreadable_decision";
  if (decisions.length >= router.maxRounds) return "max_rounds";
  return pickedSteps(router, decisions).length >= maxAgentSteps ? "max_steps" : null;
}

/** The steps that these decisions start: one after another, each sees all before it. */
export function pickedSteps({ candidates }: Router, decisions: readonly Picks[]): Step[] {
  const byKey = new Map(candidates.map((agent) => [agent.agentKey, agent]));
  const answers = new Map<string, number>();
  const picked = decisions.flatMap(({ selectedKeys }, index) =>
    selectedKeys.flatMap((agentKey): UnorderedStep[] => {
      const agent = byKey.get(agentKey);
      if (agent === undefined) return [];
      const answer = (answers.get(agentKey) ?? 0) + 1;
      answers.set(agentKey, answer);
      return [{ id: agentStepId(agentKey, answer), agent, round: index + 1 }];
    }),
  );
  return inSequence(picked.slice(0, maxAgentSteps));
}

/** Every step that the manager may start. */
export function possibleSteps({ candidates, maxRounds }: Router): UnorderedStep[] {
  return stepsOfRounds(candidates, maxRounds);
}
