import { type Catalog, defaultContextWindowTokens } from "../catalog.ts";
import { agentOutputTokens } from "../model-settings.ts";
import type { RosterAgent } from "../plan/roster-agent.ts";

/** The deployment's settings for fitting conversations into the windows of models. */
export type ContextLimits = {
  maxOutputTokens: number;
  summaryRatio: number;
  pruneRatio: number;
  summaryEveryTurns: number;
  keepRawTurns: number;
};

/** How a model's context window is divided for a call. All figures are tokens. */
export type ContextBudget = {
  modelContextLimit: number;
  outputReserve: number;
  overheadReserve: number;
  inputBudget: number;
};

const outputShare = 0.2;
const overheadShare = 0.05;
const minOverheadTokens = 1_024;

/**
 * Splits a model's window into reserves and the budget of its input:
 * `output = min(maxOutput, ⌊0.20·limit⌋)`, `overhead = max(1024, ⌊0.05·limit⌋)`, the rest is input.
 */
export function planContextBudget(modelContextLimit: number, maxOutputTokens: number): ContextBudget {
  const outputReserve = Math.min(maxOutputTokens, Math.floor(outputShare * modelContextLimit));
  const overheadReserve = Math.max(minOverheadTokens, Math.floor(overheadShare * modelContextLimit));
  const inputBudget = Math.max(0, modelContextLimit - outputReserve - overheadReserve);
  return { modelContextLimit, outputReserve, overheadReserve, inputBudget };
}

/** The budget of one agent: its model's window, and the longest answer that its settings and the deployment allow. */
export function planAgentBudget(
  { modelAlias, modelSettings }: Pick<RosterAgent, "modelAlias" | "modelSettings">,
  catalog: Catalog,
  maxOutputTokens: number,
): ContextBudget {
  const windowTokens = catalog.models.get(modelAlias)?.contextWindowTokens ?? defaultContextWindowTokens;
  return planContextBudget(windowTokens, agentOutputTokens(modelSettings, maxOutputTokens));
}

/** The most characters that one token has, so that a budget in tokens can bound a read in SQL. */
const charactersPerToken = 4;

/** However large the window: what one answer of the database may hold (Neon refuses over 10 MiB). */
const maxHistoryCharacters = 2_000_000;

/** The smallest answer limit that an agent may have: the less its answer takes, the more conversation it can hold. */
const minOutputTokens = 1;

/** How much conversation an agent of each model can hold; with an override every agent is of that model. */
export function historyCharacters(catalog: Catalog, modelAliasOverride: string | null) {
  const charactersFor = (windowTokens: number) => {
    const { inputBudget } = planContextBudget(windowTokens, minOutputTokens);
    return Math.min(inputBudget * charactersPerToken, maxHistoryCharacters);
  };
  const override = catalog.models.get(modelAliasOverride ?? "");
  if (override !== undefined) return { byAlias: {}, otherwise: charactersFor(override.contextWindowTokens) };
  const models = [...catalog.models.values()];
  return {
    byAlias: Object.fromEntries(
      models.map(({ alias, contextWindowTokens }) => [alias, charactersFor(contextWindowTokens)]),
    ),
    otherwise: charactersFor(defaultContextWindowTokens),
  };
}
