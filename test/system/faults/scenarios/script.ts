import type { ModelAnswer } from "../../../../dev/model-server/answer.ts";
import { agentStepId, synthesisStepId } from "../../../../src/domain/plan/step.ts";
import { nameOf } from "../../../support/fixture-agents.ts";
import type { ModelRule } from "../../../support/node/model-script.ts";
import {
  agentSays,
  laterAgentSays,
  laterManagerSays,
  managerSays,
  synthesisSays,
} from "../../../turn/modes/support/model-calls.ts";

/** The answer of a step, in ten pieces. */
export function piecesOf(step: string): string[] {
  return Array.from({ length: 10 }, (_, piece) => `${nameOf(step)} ${piece + 1} `);
}

/** The same as one text. A completed reply must equal it. */
export function wholeAnswer(step: string): string {
  return piecesOf(step).join("");
}

/** A rule by which an agent answers completely; `extra` adds delays, gates or faults. */
export function answers(agentKey: string, extra: ModelAnswer = {}, call?: number): ModelRule {
  return agentSays(agentKey, { deltas: piecesOf(agentStepId(agentKey, 1)), ...extra }, call);
}

/** The same for its second answer in the turn. Put it before the rule of the first. */
export function answersAgain(agentKey: string, extra: ModelAnswer = {}, call?: number): ModelRule {
  return laterAgentSays(agentKey, { deltas: piecesOf(agentStepId(agentKey, 2)), ...extra }, call);
}

/** A rule by which the synthesis is written completely. Put it before the rules of agents: one may write it. */
export function synthesises(extra: ModelAnswer = {}, call?: number): ModelRule {
  return synthesisSays({ deltas: piecesOf(synthesisStepId), ...extra }, call);
}

/** The manager picks these agents. Put it before the rules of agents: the manager's prompt holds their roles. */
export function picks(agentKeys: readonly string[], extra: ModelAnswer = {}, call?: number): ModelRule {
  return managerSays({ text: JSON.stringify({ selected_agent_keys: agentKeys }), ...extra }, call);
}

/** The same after the first round. Put it before the rule of the first. */
export function picksAgain(agentKeys: readonly string[], extra: ModelAnswer = {}, call?: number): ModelRule {
  return laterManagerSays({ text: JSON.stringify({ selected_agent_keys: agentKeys }), ...extra }, call);
}
