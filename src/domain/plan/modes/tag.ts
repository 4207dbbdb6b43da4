import { type Mode, refusePlan } from "../mode.ts";
import { firstSteps, inParallel } from "../step.ts";
import { readTags } from "../tags.ts";

/** The agents that the message tags answer at once, in the order of their tags. None sees another's answer. */
export const tag: Mode = {
  plan({ roster, message }) {
    const byKey = new Map(roster.map((agent) => [agent.agentKey, agent]));
    const { agentKeys, unknownTags } = readTags(message, [...byKey.keys()]);
    const agents = agentKeys.flatMap((key) => byKey.get(key) ?? []);
    if (agents.length === 0) return refusePlan("no_valid_tagged_agents", noTagDetail(unknownTags));
    return { ok: true, plan: { steps: inParallel(firstSteps(agents)), router: null, unknownTags } };
  },
  retry: inParallel,
  marker: { text: "multi-agent", always: false },
};

function noTagDetail(unknownTags: readonly string[]): string {
  return unknownTags.length === 0
    ? "Tag at least one agent of the room, for example @key."
    : `No agent of this room is tagged; unknown: ${unknownTags.map((tag) => `@${tag}`).join(", ")}.`;
}
