import type { CatalogModel } from "../../domain/catalog.ts";
import { planContextBudget } from "../../domain/context/context-budget.ts";
import { planAgents } from "../../domain/plan/turn-plan.ts";
import {
  buildRoutingPrompt,
  type RoutingAnswer,
  type RoutingDecision,
  readLaterDecision,
  readRoutingDecision,
} from "../../domain/routing/routing-decision.ts";
import { notAnswered } from "../graph/call-limit.ts";
import { type NodeContext, RunStopped } from "../graph/node-context.ts";
import { budgetExhausted } from "../graph/pay-for-calls.ts";
import type { RunStateUpdate, RunStateValue } from "../graph/run-state.ts";
import { type ModelAnswer, plainCall } from "../model/model-port.ts";
import { toOverheadCalls } from "./call-records.ts";
import { answersSoFar } from "./same-turn-answers.ts";
import { requireWhole } from "./whole-answer.ts";

/**
 * Models that reason need more tokens than their answer has. Whether a model reasons is known only when it answers, so
 * all are given this many. The answer without its reasoning is measured afterwards.
 */
const routingOutputTokens = 2_048;

/**
 * The node `route#<round>`: the manager picks who answers; after the first round it may also pick no one. It is given
 * no tools, and is not billed.
 */
export function createRouteNode(round: number, run: NodeContext) {
  const { plan, ports } = run;
  const roster = planAgents(plan);
  return async (state: RunStateValue): Promise<RunStateUpdate> => {
    const model = ports.catalog.models.get(ports.managerModelAlias);
    const answer = model === undefined ? null : await askManager(run, state, model);
    if (ports.stop.aborted) throw new RunStopped();
    const readDecision = round === 1 ? readRoutingDecision : readLaterDecision;
    const decision = readDecision(toRoutingAnswer(answer), roster, ports.estimateTokens);
    warnUnread(run, decision);
    const call = { purpose: "routing", holder: ports.holder, round } as const;
    return { decisions: [decision], overhead: model && answer ? toOverheadCalls(call, model, answer) : [] };
  };
}

/** The manager is not called where the run's grant pays for no agent. */
async function askManager(run: NodeContext, state: RunStateValue, model: CatalogModel): Promise<ModelAnswer> {
  const { plan, context, ports, signal, payment } = run;
  if (!payment.paysForAgent()) return notAnswered(budgetExhausted);
  const { goal, userMessage: message } = context;
  const roster = planAgents(plan);
  const answers = answersSoFar(run, state);
  const answer = await ports.callModel({
    ...plainCall,
    model,
    messages: buildRoutingPrompt({ goal, roster, message, answers }),
    maxOutputTokens: planContextBudget(model.contextWindowTokens, routingOutputTokens).outputReserve,
    signal,
  });
  return requireWhole(answer);
}

function toRoutingAnswer(answer: ModelAnswer | null): RoutingAnswer {
  if (answer === null) return { ok: false, code: "model_not_configured" };
  return answer.ok
    ? { ok: true, text: answer.text }
    : { ok: false, code: answer.failure.code, text: answer.text ?? "" };
}

/** Logs an answer of the manager that could not be read, since it changes who answers. */
function warnUnread({ ports }: NodeContext, { rule, verdict, selectedKeys }: RoutingDecision): void {
  if (verdict === "ok") return;
  if (rule === "stopped") ports.log.warn("routing_stopped", { verdict });
  else ports.log.warn("routing_fell_back", { verdict, agent_key: selectedKeys[0] });
}
