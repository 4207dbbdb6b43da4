import type { ModelAnswer } from "../../dev/model-server/answer.ts";
import type { ModelRule } from "./node/model-script.ts";

/** The name of a fixture's agent: its key with a capital. */
export function nameOf(agentKey: string): string {
  return agentKey.charAt(0).toUpperCase() + agentKey.slice(1);
}

/** The role of a fixture's agent. Only the agent's own calls contain it. */
export function roleOf(agentKey: string): string {
  return `You play <${agentKey}> and no other.`;
}

/** A rule for the calls of one agent of the fixture; `call`: only its nth one. */
export function says(agentKey: string, answer: ModelAnswer | string, call?: number): ModelRule {
  return {
    match: { contains: roleOf(agentKey), ...(call === undefined ? {} : { call }) },
    answer: typeof answer === "string" ? { text: answer } : answer,
  };
}
