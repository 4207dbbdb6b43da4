import { type Mode, planWholeRoom } from "../mode.ts";
import { firstSteps, inSequence } from "../step.ts";

/** Every agent of the room answers, by position. Each sees the answers before its own. */
export const roundtable: Mode = {
  plan: (input) =>
    planWholeRoom(input, () => ({
      steps: inSequence(firstSteps(input.roster)),
      router: null,
      unknownTags: [],
    })),
  retry: inSequence,
  marker: { text: "roundtable", always: true },
};
