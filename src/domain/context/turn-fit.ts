import type { Catalog } from "../catalog.ts";
import { PantheonError } from "../errors.ts";
import type { TurnFiles } from "../files/turn-files.ts";
import { mayUse } from "../permissions.ts";
import { modelAliasOf, planAgents, type TurnPlan } from "../plan/turn-plan.ts";
import { type AgentContext, fitAgentContext } from "./agent-context.ts";
import type { ContextLimits } from "./context-budget.ts";
import { scaleAfterRefusal } from "./token-scale.ts";
import type { TurnContext } from "./turn-context.ts";

export type FitSettings = {
  catalog: Catalog;
  limits: ContextLimits;
  /** Estimated tokens of a text, unscaled. */
  estimateTokens: (text: string) => number;
};

/** Fits each agent's context as it is at the start of a run, before any answer of this run is there; no synthesis. */
export function fitTurn(plan: TurnPlan, context: TurnContext, settings: FitSettings): AgentContext[] {
  return planAgents(plan).map((agent) =>
    fitAgentContext({
      catalog: settings.catalog,
      limits: settings.limits,
      estimateTokens: settings.estimateTokens,
      agent,
      task: "answer",
      mode: plan.mode,
      context,
      sameTurnAnswers: context.storedAnswers,
      toolMessages: [],
      triggerResult: mayUse(agent.toolPermissions, "file_read") ? attachedText(context.files) : null,
    }),
  );
}

/** What attached files add to the prompt of an agent that may read them. */
function attachedText({ attachments }: TurnFiles): string | null {
  const pages = attachments.flatMap((attachment) => (attachment.kind === "whole" ? attachment.pages : []));
  return pages.length === 0 ? null : JSON.stringify(pages.map(({ page, text }) => ({ page, text })));
}

/** The context for which a turn is refused. Every agent that must answer must fit; of a routed plan, one of all. */
export function findOverflow(plan: TurnPlan, fits: readonly AgentContext[]): AgentContext | undefined {
  const overflowing = fits.filter(({ overflow }) => overflow);
  const isRefused = plan.router !== null ? overflowing.length === fits.length : overflowing.length > 0;
  return isRefused ? overflowing[0] : undefined;
}

/** By model alias: what the estimates of contexts that do not fit are scaled with once the turn is refused. */
export function scalesAfterOverflow(plan: TurnPlan, fits: readonly AgentContext[]): Record<string, number> {
  return Object.fromEntries(
    fits
      .filter(({ overflow }) => overflow)
      .map(({ agentKey, tokenScale }) => [modelAliasOf(plan, agentKey), scaleAfterRefusal(tokenScale)]),
  );
}

export function contextBudgetExceeded(fit: AgentContext): PantheonError {
  return new PantheonError(
    "context_budget_exceeded",
    `Even without the older conversation this turn does not fit the model of agent '${fit.agentKey}'.`,
    {
      members: {
        input_budget: fit.budget.inputBudget,
        estimated_tokens: fit.estimatedTokensAfterPrune,
        model_context_limit: fit.budget.modelContextLimit,
      },
    },
  );
}
