import { planContextBudget } from "../../domain/context/context-budget.ts";
import { buildRoutingPrompt, readRoutingDecision } from "../../domain/routing/routing-decision.ts";
import { type NodeContext, RunStopped } from "../graph/node-context.ts";
import type { TurnStateUpdate } from "../graph/turn-state.ts";
import { type ModelAnswer, plainCall } from "../model/model-port.ts";
import { toOverheadCalls } from "./call-records.ts";
import { requireWhole } from "./whole-answer.ts";

/**
 * Models that reason need more tokens than their answer has. Whether a model reasons is known only when it answers, so
 * all are given this many. The answer without its reasoning is measured afterwards.
 */
const routingOutputTokens = 2_048;

/** The node `route`: the manager picks who answers. It is given no tools, and is not billed. */
export function createRouteNode({ plan, context, ports, signal }: NodeContext) {
  return async (): Promise<TurnStateUpdate> => {
    const { goal, userMessage: message } = context;
    const model = ports.catalog.models.get(ports.managerModelAlias);
    const answer: ModelAnswer | null =
      model === undefined
        ? null
        : requireWhole(
            await ports.callModel({
              ...plainCall,
              model,
              messages: buildRoutingPrompt({ goal, roster: plan.agents, message }),
              maxOutputTokens: planContextBudget(model.contextWindowTokens, routingOutputTokens)
                .outputReserve,
              signal,
            }),
          );
    if (ports.stop.aborted) throw new RunStopped();
    const routingAnswer = answer?.ok
      ? ({ ok: true, text: answer.text } as const)
      : ({
          ok: false,
          code: answer?.failure.code ?? "model_not_configured",
          text: answer?.text ?? "",
        } as const);
    const routing = readRoutingDecision(routingAnswer, plan.agents, ports.estimateTokens);
    if (routing.rule === "fallback_first_position") {
      ports.log.warn("routing_fell_back", { verdict: routing.verdict, agent_key: routing.selectedKeys[0] });
    }
    return {
      routing,
      overhead:
        model && answer ? toOverheadCalls({ purpose: "routing", holder: ports.holder }, model, answer) : [],
    };
  };
}
