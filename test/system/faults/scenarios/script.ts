import type { ModelAnswer } from "../../../../dev/model-server/answer.ts";
import type { ModelRule } from "../../../support/node/model-script.ts";
import { nameOf } from "../../../support/scene-agents.ts";
import { agentSays, managerSays } from "../../../turn/modes/support/asked.ts";

/** What an agent says, in ten pieces; never anything else. */
export function piecesOf(agentKey: string): string[] {
  return Array.from({ length: 10 }, (_, piece) => `${nameOf(agentKey)} ${piece + 1} `);
}

/** The same as one text: a completed reply is this, or it is wrong. */
export function wholeAnswer(agentKey: string): string {
  return piecesOf(agentKey).join("");
}

/** A rule by which an agent answers whole, with something on the way. */
export function answers(agentKey: string, extra: ModelAnswer = {}, call?: number): ModelRule {
  return agentSays(agentKey, { deltas: piecesOf(agentKey), ...extra }, call);
}

/** The manager picks these. To stand before the agents' rules: the roster it is told holds their roles. */
export function picks(agentKeys: readonly string[], extra: ModelAnswer = {}, call?: number): ModelRule {
  return managerSays({ text: JSON.stringify({ selected_agent_keys: agentKeys }), ...extra }, call);
}
