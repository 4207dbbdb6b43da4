import { planAgentBudget } from "../context/context-budget.ts";
import { maxAgentSteps, maxAgentsPerRound } from "../plan/orchestration.ts";
import type { RosterAgent } from "../plan/roster-agent.ts";
import type { TurnPlan } from "../plan/turn-plan.ts";
import { turnBounds } from "../turn/turn-limiter.ts";
import { maxOf } from "./pricing.ts";
import { firstCallOf, firstCalls, type GrantContext } from "./run-grant.ts";
import { worstCaseE8 } from "./spending.ts";

export type WorstCaseContext = GrantContext & { toolPrices: ReadonlyMap<string, bigint> };

/**
 * What all calls of a plan cost at most, 10⁻⁸ credits; of a routed plan those of as many steps as the manager may pick.
 * A turn holds no more of its budgets than this.
 */
export function planWorstCaseE8(plan: TurnPlan, context: WorstCaseContext): bigint {
  const { steps, router, synthesizer } = plan;
  const longest = Math.max(0, ...firstCalls(plan, context).map(({ maxOutputTokens }) => maxOutputTokens));
  const costOf = (agent: RosterAgent, before: number) => stepE8(agent, before * longest, context);
  const last = (count: number) => (synthesizer === null ? 0n : costOf(synthesizer, count));
  if (router === null) {
    return sum(steps.map(({ agent }, index) => costOf(agent, index))) + last(steps.length);
  }
  const count = Math.min(maxAgentSteps, maxAgentsPerRound * router.maxRounds);
  const picked = Array.from({ length: count }, (_, before) =>
    router.candidates.map((agent) => costOf(agent, before)).reduce(maxOf, 0n),
  );
  return sum(picked) + last(count);
}

/** Answers before it may take more tokens of this model than of theirs. */
const tokenMargin = 2;

/**
 * All calls of one step, 10⁻⁸ credits; `answerTokens`: of the answers before it. An agent with tools may fill its whole
 * window.
 */
function stepE8(agent: RosterAgent, answerTokens: number, context: WorstCaseContext): bigint {
  const first = firstCallOf(agent, context);
  if (first === null) return 0n;
  const { inputBudget } = planAgentBudget(agent, context.catalog, context.limits.maxOutputTokens);
  const usesTools = Array.isArray(agent.toolPermissions) && agent.toolPermissions.length > 0;
  const asked = first.inputTokens + tokenMargin * answerTokens;
  const inputTokens = usesTools ? inputBudget : Math.max(first.inputTokens, Math.min(inputBudget, asked));
  const callE8 = worstCaseE8({ ...first, inputTokens });
  if (!usesTools) return callE8;
  const toolE8 = [...context.toolPrices.values()].reduce(maxOf, 0n);
  return callE8 * BigInt(turnBounds.maxToolRequests + 1) + toolE8 * BigInt(turnBounds.maxToolCallsPerAgent);
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
