import { priceCall } from "../../domain/billing/pricing.ts";
import type { Spending } from "../../domain/billing/spending.ts";
import type { AgentFailure } from "../../domain/turn/agent-failure.ts";
import type { BilledAttempt, CallModel } from "../model/model-port.ts";
import { notAnswered } from "./call-limit.ts";

export type CallPayment = {
  spending: Spending;
  /** Null: the model has no price. */
  multiplierOf: (modelAlias: string) => number | null;
  isBudgeted: boolean;
  /** Whether what is left of the grant pays for an agent's answer. If not, the manager is not called. */
  paysForAgent: () => boolean;
  /** Whether the grant paid for an agent's answer when the run started. If not, no summary and no title is made. */
  paysForOverhead: boolean;
};

/**
 * Makes a call only where the run's grant pays for it. One amount is taken for all attempts of a call: an attempt
 * that is followed by another was refused or brought nothing, and costs nothing. Calls that are not billed take nothing.
 */
export function payForCalls(callModel: CallModel, payment: CallPayment): CallModel {
  const { spending, multiplierOf, isBudgeted } = payment;
  return async (request) => {
    const { billedInputTokens: inputTokens, maxOutputTokens } = request;
    if (inputTokens === undefined) return callModel(request);
    const price = multiplierOf(request.model.alias);
    if (price === null && isBudgeted) return notAnswered(noPrice);
    const multiplierHundredths = price ?? request.model.multiplierHundredths;
    const taken = await spending.takeCall({ inputTokens, maxOutputTokens, multiplierHundredths });
    if (taken === null) return notAnswered(budgetExhausted);
    let costE8 = 0n;
    try {
      const answer = await callModel({ ...request, maxOutputTokens: taken.maxOutputTokens });
      costE8 = costOf(answer.billed, multiplierHundredths);
      return answer;
    } finally {
      taken.end(costE8);
    }
  };
}

/** As in the ledger: an attempt that may or may not have been billed costs nothing. */
function costOf(billed: readonly BilledAttempt[], multiplierHundredths: number): bigint {
  return billed
    .filter(({ status }) => status !== "unknown")
    .reduce((sum, { usage }) => sum + priceCall(usage, multiplierHundredths).creditsE8, 0n);
}

export const budgetExhausted: AgentFailure = {
  code: "budget_exhausted",
  message: "The turn's credits do not pay for the agent's answer.",
};

const noPrice: AgentFailure = {
  code: "budget_exhausted",
  message: "The agent's model has no price, so that it cannot be used within a budget.",
};
