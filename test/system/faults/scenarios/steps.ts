import { setTimeout as delay } from "node:timers/promises";
import type { RoomMode } from "../../../../src/domain/plan/modes.ts";
import { agentSays } from "../../../turn/modes/support/model-calls.ts";
import { readStoredCalls } from "../checks/stored-answers.ts";
import { fixtureTagOf } from "../testbed/scenario-tag.ts";
import { type ArmedStep, atDatabase, gate, waitForCalls } from "./armed-step.ts";
import { type PendingTurn, testedModes } from "./pending-turn.ts";
import { answers, picks } from "./script.ts";

export type RunStep = {
  name: string;
  modes: readonly RoomMode[];
  withTools?: true;
  /** Only where all agents of the room answer. */
  needsAll?: true;
  arm(pending: PendingTurn): ArmedStep;
};

const everyMode: readonly RoomMode[] = ["manual", "roundtable", "orchestrator"];
/** Long enough for a run to make a call that it must not make. */
const aheadMs = 150;

/** The points of a run at which its Worker is killed or paused. */
const runSteps: readonly RunStep[] = [
  { name: "after open", modes: everyMode, arm: (pending) => atDatabase(pending, "open", "after") },
  { name: "mid-model call", modes: everyMode, arm: inModelCall },
  { name: "between agents", modes: ["roundtable", "orchestrator"], arm: betweenAgents },
  { name: "during a checkpoint", modes: everyMode, arm: duringCheckpoint },
  { name: "before commit", modes: everyMode, arm: (pending) => atDatabase(pending, "commit", "before") },
  { name: "during commit", modes: everyMode, arm: (pending) => atDatabase(pending, "commit", "sent") },
  { name: "after commit", modes: everyMode, arm: (pending) => atDatabase(pending, "commit", "after") },
  { name: "inside a tool loop", modes: everyMode, withTools: true, arm: inToolLoop },
  { name: "in a fan-out, 2 of 4 in", modes: ["manual"], needsAll: true, arm: inFanOut },
  { name: "anywhere", modes: everyMode, arm: anywhere },
];

/** Goes through the modes, and in each mode through its points. */
export function stepOfRound(index: number) {
  const mode = testedModes[index % testedModes.length] ?? testedModes[0];
  const steps = runSteps.filter((step) => step.modes.includes(mode));
  const step = steps[Math.floor(index / testedModes.length) % steps.length];
  if (step === undefined) throw new Error(`there is no step in ${mode}`);
  return { mode, step };
}

/** The number of calls up to the first call of this agent. */
function callsUpTo({ fixture, order }: PendingTurn, agentKey: string): number {
  if (fixture.mode === "manual") return order.length;
  return order.indexOf(agentKey) + 1 + (fixture.mode === "orchestrator" ? 1 : 0);
}

function inModelCall(pending: PendingTurn): ArmedStep {
  const { fixture, order, random } = pending;
  const held = random.chance(0.5) ? { hold: gate } : { hold_after_first: gate };
  if (fixture.mode === "orchestrator" && random.chance(0.25)) {
    return { rules: [picks(order, held, 1)], reached: waitForCalls(pending, 1), release: () => undefined };
  }
  const chosenAgent = random.pick(order);
  const manager = fixture.mode === "orchestrator" ? [picks(order)] : [];
  return {
    rules: [...manager, answers(chosenAgent, held, 1)],
    reached: waitForCalls(pending, callsUpTo(pending, chosenAgent)),
    release: () => fixture.models.release(gate),
  };
}

function betweenAgents(pending: PendingTurn): ArmedStep {
  const answered = pending.random.between(1, pending.order.length - 1);
  const calls = answered + (pending.fixture.mode === "orchestrator" ? 1 : 0);
  return { rules: [], reached: waitForCalls(pending, calls, calls), release: () => undefined };
}

function duringCheckpoint(pending: PendingTurn): ArmedStep {
  const { random, fixture } = pending;
  if (fixture.mode !== "manual" && random.chance(0.5)) return aheadOfCheckpoint(pending);
  const when = random.pick(["before", "sent", "after"] as const);
  const step = atDatabase(pending, "step", when, random.between(0, 1));
  const waitMs = random.pick([0, 0, 40]);
  return { ...step, reached: step.reached.then(() => delay(waitMs)) };
}

/** While a step is not stored, the run may start one further step. The last agent must not be called. */
function aheadOfCheckpoint(pending: PendingTurn): ArmedStep {
  const { order, fixture } = pending;
  const last = order.at(-1) ?? "";
  // After an unstored routing any call may be in flight, so the step after it is held.
  const step = atDatabase(pending, "step", "before", fixture.mode === "orchestrator" ? 1 : 0);
  const isAsked = waitForCalls(pending, callsUpTo(pending, last));
  return {
    rules: [...(fixture.mode === "orchestrator" ? [picks(order)] : []), answers(last, { hold: gate }, 1)],
    reached: step.reached.then(() => Promise.race([isAsked, delay(aheadMs)])),
    release(options) {
      fixture.models.release(gate);
      step.release(options);
    },
  };
}

function inToolLoop(pending: PendingTurn): ArmedStep {
  const { testbed, fixture, order, random } = pending;
  const chosenAgent = random.pick(order);
  const query = JSON.stringify({ query: `boats ${fixtureTagOf(fixture.id)}` });
  const asks = agentSays(chosenAgent, { tool_calls: [{ name: "search", arguments: query }] }, 1);
  const manager = fixture.mode === "orchestrator" ? [picks(order)] : [];
  if (random.chance(0.5)) {
    const reached = testbed.peers.stallNextSearch(fixture.id);
    return { rules: [...manager, asks], reached, release: () => undefined };
  }
  return {
    rules: [...manager, asks, answers(chosenAgent, { hold: gate }, 2)],
    reached: waitForCalls(pending, callsUpTo(pending, chosenAgent) + 1),
    release: () => fixture.models.release(gate),
  };
}

function inFanOut(pending: PendingTurn): ArmedStep {
  const { testbed, fixture, order, random } = pending;
  const [first, second, ...held] = order.toSorted(() => random.next() - 0.5);
  const areIn = waitForCalls(pending, order.length, 2);
  const flushed = async () => {
    const { entries } = fixture.models.journal;
    while ((await readStoredCalls(testbed.sql, fixture.sessionId, entries)).length < 2) await delay(5);
  };
  return {
    rules: [
      ...held.map((key) => answers(key, { hold: gate }, 1)),
      answers(first ?? ""),
      answers(second ?? ""),
    ],
    reached: random.chance(0.5) ? areIn : areIn.then(flushed),
    release: () => fixture.models.release(gate),
  };
}

function anywhere({ random }: PendingTurn): ArmedStep {
  return { rules: [], reached: delay(random.between(0, 80)), release: () => undefined };
}
