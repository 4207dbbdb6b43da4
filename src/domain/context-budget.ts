/** What of a model's context window a call may use. All figures are tokens. */
export type ContextBudget = {
  modelContextLimit: number;
  outputReserve: number;
  overheadReserve: number;
  inputBudget: number;
};

const outputShare = 0.2;
const overheadShare = 0.05;
const minimumOverheadTokens = 1_024;

/**
 * Splits a model's window into reserves and the budget of its input:
 * `output = min(maxOutput, ⌊0.20·limit⌋)`, `overhead = max(1024, ⌊0.05·limit⌋)`, the rest is input.
 */
export function planContextBudget(modelContextLimit: number, maxOutputTokens: number): ContextBudget {
  const outputReserve = Math.min(maxOutputTokens, Math.floor(outputShare * modelContextLimit));
  const overheadReserve = Math.max(minimumOverheadTokens, Math.floor(overheadShare * modelContextLimit));
  const inputBudget = Math.max(0, modelContextLimit - outputReserve - overheadReserve);
  return { modelContextLimit, outputReserve, overheadReserve, inputBudget };
}
