import { expect, test } from "vitest";
import { type Mode, planWholeRoom } from "../../../src/domain/plan/mode.ts";
import { modes } from "../../../src/domain/plan/modes.ts";
import type { RosterAgent } from "../../../src/domain/plan/roster-agent.ts";
import { agentStepId, inSequence } from "../../../src/domain/plan/step.ts";
import { takenSteps } from "../../../src/domain/plan/taken-steps.ts";
import { planWithMode } from "../../../src/domain/plan/turn-plan.ts";

/** All that a new mode is: two passes through the room; each answer sees those before it. */
const debate: Mode = {
  plan: (input) =>
    planWholeRoom(input, () => ({
      steps: inSequence(
        [1, 2].flatMap((round) =>
          input.roster.map((agent) => ({ id: agentStepId(agent.agentKey, round), agent, round })),
        ),
      ),
      router: null,
      unknownTags: [],
    })),
  retry: inSequence,
  marker: { text: "debate", always: true },
};

const agent = (agentKey: string, position: number): RosterAgent => ({
  agentKey,
  name: agentKey.toUpperCase(),
  modelAlias: "llama",
  rolePrompt: "r",
  toolPermissions: [],
  position,
});

test("a mode is one file and one line of the table", () => {
  const table = { ...modes, debate } as const satisfies Record<string, Mode>;
  const result = planWithMode(table.debate, {
    mode: "roundtable",
    roster: [agent("bob", 1), agent("ada", 0)],
    message: "hello",
    orchestration: { maxRounds: 1, synthesis: "ada" },
  });
  const steps = result.ok ? takenSteps(result.plan, []) : [];
  expect(steps.map(({ id }) => id)).toEqual(["ada#1", "bob#1", "ada#2", "bob#2", "synthesis"]);
  expect(steps[3]?.sees).toEqual(["ada#1", "bob#1", "ada#2"]);
});

test("a mode without one of its parts does not compile", () => {
  const { plan, retry, marker } = debate;
  // @ts-expect-error A mode says how its steps are retried.
  const withoutRetry = { ...modes, debate: { plan, marker } } satisfies Record<string, Mode>;
  // @ts-expect-error A mode has a `marker`.
  const withoutMarker = { ...modes, debate: { plan, retry } } satisfies Record<string, Mode>;
  // @ts-expect-error A mode makes plans.
  const withoutPlan = { ...modes, debate: { retry, marker } } satisfies Record<string, Mode>;
  // @ts-expect-error A mode that is not in the table is no mode of a room.
  const unlisted: keyof typeof modes = "debate";
  expect([withoutRetry, withoutMarker, withoutPlan, unlisted]).toHaveLength(4);
});
