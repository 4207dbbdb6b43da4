import { inFlightCalls } from "../../domain/billing/in-flight-calls.ts";
import { minOf, parseDecimal, priceCall } from "../../domain/billing/pricing.ts";
import { firstCallOf, firstCalls, multiplierOf, type RunGrant } from "../../domain/billing/run-grant.ts";
import { createSpending, worstCaseE8 } from "../../domain/billing/spending.ts";
import { agentOfStep, type TurnPlan } from "../../domain/plan/turn-plan.ts";
import type { TurnPorts } from "./node-context.ts";
import type { CallPayment } from "./pay-for-calls.ts";
import { entryOf, type RunStateValue } from "./run-state.ts";

/** @param state of a run that is resumed; undefined: nothing of the run is stored. */
export function startSpending(
  plan: TurnPlan,
  grant: RunGrant,
  { catalog, limits }: Pick<TurnPorts, "catalog" | "limits">,
  state: RunStateValue | undefined,
): CallPayment {
  const context = { claimed: grant.pricing, catalog, limits, promptTokens: grant.promptTokens };
  const priceOf = (modelAlias: string) => multiplierOf(context, modelAlias);
  const spentE8 = state === undefined ? 0n : storedE8(state, priceOf);
  const spending = createSpending(leftE8());
  const nextCalls = firstCalls(plan, context);
  const paysForAgent = () => nextCalls.length === 0 || spending.paysForOne(nextCalls);
  return {
    spending,
    multiplierOf: priceOf,
    isBudgeted: grant.isBudgeted,
    paysForAgent,
    paysForOverhead: paysForAgent(),
  };

  /** Null: nothing limits the run. */
  function leftE8(): bigint | null {
    if (grant.amountE8 === null) return null;
    const ofGrantE8 = grant.amountE8 - spentE8 - inFlightE8();
    // A run with a budget spends no more than its plan costs at most, since it holds no more. The sum has each
    // call once, so calls in flight are not taken from it: a call that is made again uses its own part of the sum.
    return grant.isBudgeted ? minOf(ofGrantE8, grant.planMaxE8 - spentE8) : ofGrantE8;
  }

  /** The worst case of the calls that past holders may have made without storing them. */
  function inFlightE8(): bigint {
    const { calls = [], overhead = [], replies = [], decisions = [], prompts = [] } = state ?? {};
    const repliedSteps = replies.map(({ step }) => step);
    const inFlight = inFlightCalls(plan, { calls, overhead, repliedSteps, decisions }, grant.pastHolders);
    return inFlight.calls.reduce((sum, call) => {
      const limits = firstCallOf(agentOfStep(plan, call), context);
      if (limits === null) return sum;
      const sent = entryOf(prompts, call.step)?.estimatedTokensAfterPrune ?? limits.inputTokens;
      return sum + worstCaseE8({ ...limits, inputTokens: sent });
    }, 0n);
  }
}

/** What the stored calls of models and tools cost. */
function storedE8({ calls, toolEvents }: RunStateValue, priceOf: CallPayment["multiplierOf"]): bigint {
  const ofModels = calls
    .filter(({ status }) => status !== "unknown")
    .map((call) => priceCall(call.usage, priceOf(call.modelAlias) ?? call.multiplierHundredths).creditsE8);
  const ofTools = toolEvents.map(({ creditsCharged }) => parseDecimal(creditsCharged ?? "0", 8));
  return [...ofModels, ...ofTools].reduce((sum, cost) => sum + cost, 0n);
}
