import type { AGUIEvent } from "@ag-ui/core";
import { describe, expect, test } from "vitest";
import { eventsOf, joinDeltas, readEvents } from "../support/event-reader.ts";
import { createStreamFixture } from "../support/streams.ts";
import type { FixtureOptions } from "../support/turn-fixture.ts";
import { says } from "../support/turn-fixture.ts";
import {
  agentSays,
  laterAgentSays,
  laterManagerSays,
  managerPicks,
  managerSays,
  synthesisSays,
} from "./modes/support/model-calls.ts";
import { answersStored, expireLease } from "./recovery/support/abandoned-run.ts";
import { expectLedgerMatchesCalls } from "./recovery/support/ledger-check.ts";

const twoRounds: FixtureOptions = {
  agents: ["ada", "bob"],
  mode: "orchestrator",
  orchestration: { maxRounds: 2, synthesis: "bob" },
};
const picks = (...keys: string[]) => JSON.stringify({ selected_agent_keys: keys });
const decisions = [laterManagerSays(picks("ada")), managerSays(picks("ada", "bob"))];
const oneAfterAnother = [
  synthesisSays({ deltas: ["all ", "in one"] }),
  laterAgentSays("ada", { deltas: ["Ada ", "again"] }),
  agentSays("ada", { deltas: ["Ada ", "first"] }),
  agentSays("bob", { deltas: ["Bob ", "first"] }),
];

/** Rounds and steps of a stream, one line an event; texts are left out. */
function outlineOf(events: readonly AGUIEvent[]): string[] {
  const steps = new Map(
    eventsOf(events, "SUBAGENT_STARTED").map(({ subagentRunId, metadata }) => [
      subagentRunId,
      metadata?.step,
    ]),
  );
  return events.flatMap((event) => {
    if (event.type === "CUSTOM") return [`${event.name} ${JSON.stringify(event.value)}`];
    if (!event.type.startsWith("SUBAGENT") || !("subagentRunId" in event)) return [];
    return [`${event.type} ${steps.get(event.subagentRunId)}`];
  });
}

const roundStarted = (round: number, ...steps: [step: string, agent_key: string][]) =>
  `ROUND_STARTED ${JSON.stringify({
    round,
    steps: steps.map(([step, agent_key]) => ({ step, agent_key })),
    decision: { rule: "selected", verdict: "ok" },
  })}`;
const roundFinished = (round: number) => `ROUND_FINISHED ${JSON.stringify({ round })}`;
const answered = (step: string) => [`SUBAGENT_STARTED ${step}`, `SUBAGENT_FINISHED ${step}`];

/** The first round as a stream tells it that has these of its steps. */
const firstRound = (...steps: string[]) => [
  roundStarted(1, ["ada#1", "ada"], ["bob#1", "bob"]),
  ...steps.flatMap(answered),
  roundFinished(1),
];
const secondRound = [roundStarted(2, ["ada#2", "ada"]), ...answered("ada#2"), roundFinished(2)];

describe("the stream of a turn with rounds", () => {
  test("has each round's events around its steps, and the synthesis after all of them", async () => {
    const fixture = await createStreamFixture(twoRounds, ...decisions, ...oneAfterAnother);

    const events = await readEvents(await fixture.stream("hello")).all();

    expect(outlineOf(events)).toEqual([
      ...firstRound("ada#1", "bob#1"),
      ...secondRound,
      ...answered("synthesis"),
    ]);
    const started = eventsOf(events, "SUBAGENT_STARTED");
    expect(started.map(({ metadata }) => metadata)).toEqual([
      { agent_key: "ada", step: "ada#1", role: "agent", round: 1 },
      { agent_key: "bob", step: "bob#1", role: "agent", round: 1 },
      { agent_key: "ada", step: "ada#2", role: "agent", round: 2 },
      { agent_key: "bob", step: "synthesis", role: "synthesis", round: null },
    ]);
    expect(new Set(started.map(({ subagentRunId }) => subagentRunId)).size).toBe(4);
    const [turn] = await fixture.turns();
    expect(turn?.replies.map(({ message_id }) => joinDeltas(events, message_id))).toEqual([
      ...["Ada first", "Bob first", "Ada again", "all in one"],
    ]);
  });

  test("ends a round after its last step, also where that failed, and starts none where the manager stops", async () => {
    const fixture = await createStreamFixture(
      { ...twoRounds, orchestration: { maxRounds: 3 } },
      laterManagerSays(picks()),
      managerPicks("bob", "ada"),
      says("ada", { status: 400 }),
    );

    const events = await readEvents(await fixture.stream("hello")).all();

    expect(outlineOf(events)).toEqual([
      roundStarted(1, ["bob#1", "bob"], ["ada#1", "ada"]),
      ...answered("bob#1"),
      "SUBAGENT_STARTED ada#1",
      "SUBAGENT_ERROR ada#1",
      roundFinished(1),
    ]);
  });

  test("has no rounds in a mode without a manager", async () => {
    const fixture = await createStreamFixture({
      agents: ["ada", "bob"],
      mode: "roundtable",
      orchestration: { synthesis: "manager" },
    });
    const events = await readEvents(await fixture.stream("hello")).all();
    expect(outlineOf(events)).toEqual(["ada#1", "bob#1", "synthesis"].flatMap(answered));
  });
});

describe("the stream of a turn of two rounds whose holder is lost", () => {
  /** `stored`: the calls before it, the manager's included. `resumed`: what the stream of the next holder tells. */
  const lostSteps = [
    {
      step: "ada#1",
      stored: 1,
      resumed: [...firstRound("ada#1", "bob#1"), ...secondRound, ...answered("synthesis")],
    },
    { step: "bob#1", stored: 2, resumed: [...firstRound("bob#1"), ...secondRound, ...answered("synthesis")] },
    { step: "ada#2", stored: 4, resumed: [...secondRound, ...answered("synthesis")] },
    { step: "synthesis", stored: 5, resumed: answered("synthesis") },
  ];
  const cutOff = { deltas: ["cut", " off"], hold_after_first: "gate" };
  const heldRules = {
    "ada#1": agentSays("ada", cutOff, 1),
    "bob#1": agentSays("bob", cutOff, 1),
    "ada#2": laterAgentSays("ada", cutOff, 1),
    synthesis: synthesisSays(cutOff, 1),
  };

  test.each(lostSteps)(
    "in $step has the same ids of steps, and of the messages that were stored",
    async (lost) => {
      const { step, stored, resumed } = lost;
      const held = heldRules[step as keyof typeof heldRules];
      const fixture = await createStreamFixture(twoRounds, held, ...decisions, ...oneAfterAnother);
      const key = { "Idempotency-Key": "k" };
      const first = readEvents(await fixture.stream("hello", key));
      await first.until("SUBAGENT_STARTED", ({ metadata }) => metadata?.step === step);
      const cut = await first.until("TEXT_MESSAGE_CONTENT");
      await answersStored(fixture, { steps: stored });
      await expireLease(fixture);

      const events = await readEvents(await fixture.stream("hello", key)).all();

      expect(outlineOf(events)).toEqual(resumed);
      const idsOf = (list: readonly AGUIEvent[]) =>
        new Map(
          eventsOf(list, "SUBAGENT_STARTED").map(({ subagentRunId, metadata }) => [
            metadata?.step,
            subagentRunId,
          ]),
        );
      const [before, after] = [idsOf(first.events), idsOf(events)];
      expect(after.get(step)).toBe(before.get(step));
      expect(new Set([...before.values(), ...after.values()]).size).toBe(4);
      const messageIds = eventsOf(first.events, "TEXT_MESSAGE_START").map(({ messageId }) => messageId);
      const [snapshot] = eventsOf(events, "MESSAGES_SNAPSHOT");
      const shown = snapshot?.messages.slice(1).map(({ id }) => id);
      expect(shown).toEqual(messageIds.slice(0, -1));
      const [turn] = await fixture.turns();
      const storedIds = turn?.replies.map(({ message_id }) => message_id) ?? [];
      expect(storedIds.slice(0, shown?.length)).toEqual(shown);
      // Half an answer is no message of the turn: what starts again is another one.
      expect(messageIds.at(-1)).toBe(cut.messageId);
      expect(storedIds).not.toContain(cut.messageId);
      await fixture.models.release("gate");
      await first.next();
      await fixture.settled();
      await expectLedgerMatchesCalls(fixture);
    },
  );
});
