import { type Mode, planWholeRoom } from "../mode.ts";
import { inSequence } from "../step.ts";

/**
 * The manager picks who answers, in one or several rounds. The agents of a round answer one after another; each sees
 * the answers before its own. A retry asks no manager: who failed is known.
 */
export const orchestrator: Mode = {
  plan: (input) =>
    planWholeRoom(input, () => ({
      steps: [],
      router: { candidates: input.roster, maxRounds: input.maxRounds },
      unknownTags: [],
    })),
  retry: inSequence,
  marker: { text: "multi-agent", always: false },
};
