import type { Catalog } from "../catalog.ts";
import type { Step } from "../plan/step.ts";
import type { PromptMeasure } from "../turn/turn-outcome.ts";
import { planAgentBudget } from "./context-budget.ts";
import { defaultTokenScale } from "./token-scale.ts";

/** The measure of a step whose prompt is no longer known: its budget, and no contents. */
export function abandonedPrompt(
  { id, agent }: Pick<Step, "id" | "agent">,
  catalog: Catalog,
  maxOutputTokens: number,
): PromptMeasure {
  return {
    step: id,
    agentKey: agent.agentKey,
    budget: planAgentBudget(agent, catalog, maxOutputTokens),
    tokenScale: defaultTokenScale,
    summaryId: null,
    files: null,
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
