import type { Catalog } from "../catalog.ts";
import type { ContextLimits } from "../context/context-budget.ts";
import { planAgentBudget } from "../context/context-budget.ts";
import type { RosterAgent } from "../plan/roster-agent.ts";
import { planAgents, type TurnPlan } from "../plan/turn-plan.ts";
import { type RunPricing, resolvePrice } from "./run-pricing.ts";
import type { CallLimits } from "./spending.ts";

/** What a run may spend, and what is known of the calls that it may make. */
export type RunGrant = {
  /** 10⁻⁸ credits; null: the claim is of an earlier version, and nothing limits the run. */
  amountE8: bigint | null;
  /** What the plan costs at most. A run with a budget holds no more, and spends no more. */
  planMaxE8: bigint;
  /** Whether a budget limits it. A model without a price is then not called. */
  isBudgeted: boolean;
  /** What the claim keeps; undefined in a claim of an earlier version. */
  pricing: RunPricing | undefined;
  /** Holders that were replaced, in the order in which they held the run. */
  pastHolders: readonly string[];
  /** By agent key: estimated tokens of its prompt at the start of the run. */
  promptTokens: ReadonlyMap<string, number>;
};

type Prices = { claimed: RunPricing | undefined; catalog: Catalog };

/** The multiplier that a model's calls are billed with. Null: the pricing version of the run has no price of it. */
export function multiplierOf({ claimed, catalog }: Prices, modelAlias: string): number | null {
  const inClaim = claimed?.models.find(({ alias }) => alias === modelAlias);
  if (inClaim?.isUnpriced === true) return null;
  const known = catalog.models.get(modelAlias);
  if (inClaim === undefined && known === undefined) return null;
  const own = known?.multiplierHundredths ?? 0;
  return resolvePrice({ claimed, catalog }, { modelAlias, multiplierHundredths: own }).multiplierHundredths;
}

export type GrantContext = Pick<RunGrant, "promptTokens"> & Prices & { limits: ContextLimits };

/** The first call of each agent that the plan may ask. Agents whose model has no price are left out. */
export function firstCalls(plan: TurnPlan, context: GrantContext): CallLimits[] {
  return planAgents(plan).flatMap((agent) => firstCallOf(agent, context) ?? []);
}

/** Null: the agent's model has no price. */
export function firstCallOf(agent: RosterAgent, context: GrantContext): CallLimits | null {
  const multiplierHundredths = multiplierOf(context, agent.modelAlias);
  if (multiplierHundredths === null) return null;
  const { outputReserve } = planAgentBudget(agent, context.catalog, context.limits.maxOutputTokens);
  // A synthesis is in no fit: its prompt is like that of an agent.
  const inputTokens = context.promptTokens.get(agent.agentKey) ?? largest(context.promptTokens.values());
  return { inputTokens, maxOutputTokens: outputReserve, multiplierHundredths };
}

function largest(tokens: Iterable<number>): number {
  return Math.max(0, ...tokens);
}
