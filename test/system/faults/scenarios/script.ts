import type { ModelAnswer } from "../../../../dev/model-server/answer.ts";
import { nameOf } from "../../../support/fixture-agents.ts";
import type { ModelRule } from "../../../support/node/model-script.ts";
import { agentSays, managerSays } from "../../../turn/modes/support/model-calls.ts";

/** The one answer of an agent, in ten pieces. */
export function piecesOf(agentKey: string): string[] {
  return Array.from({ length: 10 }, (_, piece) => `${nameOf(agentKey)} ${piece + 1} `);
}

/** The same as one text. A completed reply must equal it. */
export function wholeAnswer(agentKey: string): string {
  return piecesOf(agentKey).join("");
}

/** A rule by which an agent answers completely; `extra` adds delays, gates or faults. */
export function answers(agentKey: string, extra: ModelAnswer = {}, call?: number): ModelRule {
  return agentSays(agentKey, { deltas: piecesOf(agentKey), ...extra }, call);
}

/** The manager picks these agents. Put it before the rules of agents: the manager's prompt holds their roles. */
export function picks(agentKeys: readonly string[], extra: ModelAnswer = {}, call?: number): ModelRule {
  return managerSays({ text: JSON.stringify({ selected_agent_keys: agentKeys }), ...extra }, call);
}
