import type { Catalog } from "../catalog.ts";
import type { RosterAgent } from "../plan/turn-plan.ts";
import type { PromptMeasure } from "../turn/turn-outcome.ts";
import { planAgentBudget } from "./context-budget.ts";
import { defaultTokenScale } from "./token-scale.ts";

/** The measure of an agent whose prompt nobody can tell any more: its budget, and nothing that was in it. */
export function abandonedPrompt(
  agent: RosterAgent,
  catalog: Catalog,
  maxOutputTokens: number,
): PromptMeasure {
  return {
    agentKey: agent.agentKey,
    budget: planAgentBudget(agent, catalog, maxOutputTokens),
    tokenScale: defaultTokenScale,
    summaryId: null,
    included: [],
    dropped: [],
    estimatedTokensBefore: 0,
    estimatedTokensAfterSummary: 0,
    estimatedTokensAfterPrune: 0,
    pruneTriggered: false,
    overflow: false,
    countedInputTokens: null,
  };
}
