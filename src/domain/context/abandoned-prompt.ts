import { type Catalog, defaultContextWindowTokens } from "../catalog.ts";
import type { RosterAgent } from "../plan/turn-plan.ts";
import type { PromptMeasure } from "../turn/turn-outcome.ts";
import { planContextBudget } from "./context-budget.ts";
import { firstTokenScale } from "./turn-context.ts";

/** The measure of an agent whose prompt nobody can tell any more: its budget, and nothing that was in it. */
export function abandonedPrompt(
  { agentKey, modelAlias }: RosterAgent,
  catalog: Catalog,
  maxOutputTokens: number,
): PromptMeasure {
  const window = catalog.models.get(modelAlias)?.contextWindowTokens ?? defaultContextWindowTokens;
  return {
    agentKey,
    budget: planContextBudget(window, maxOutputTokens),
    tokenScale: firstTokenScale,
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
