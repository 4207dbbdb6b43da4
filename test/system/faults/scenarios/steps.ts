import { setTimeout as delay } from "node:timers/promises";
import type { RoomMode } from "../../../../src/domain/plan/modes.ts";
import type { ModelRule } from "../../../support/node/model-script.ts";
import { agentSays } from "../../../turn/modes/support/asked.ts";
import { readStoredCalls } from "../judge/stored-answers.ts";
import type { RequestKind } from "../testbed/request-kind.ts";
import { sceneTagOf } from "../testbed/scenario-tag.ts";
import { answers, picks } from "./script.ts";
import { type Stage, stagedModes } from "./stage.ts";

/** A point of a run, made reachable. */
export type ArmedStep = {
  /** Stand before the script's own, for the first holder alone. */
  rules: readonly ModelRule[];
  /** Resolves once the run is there. */
  reached: Promise<unknown>;
  /** Ends what the step holds back; `dropped`: what the database has not seen, it never will. */
  letGo(options: { dropped: boolean }): void;
};

export type RunStep = {
  name: string;
  modes: readonly RoomMode[];
  withTools?: true;
  /** Only where all agents of the room answer. */
  needsAll?: true;
  arm(stage: Stage): ArmedStep;
};

const everyMode: readonly RoomMode[] = ["manual", "roundtable", "orchestrator"];
const gate = "held until the end";
/** Long enough for a run to ask whom it must not. */
const aheadMs = 150;

/** The steps of a run at which its Worker is killed, or put to sleep. */
const runSteps: readonly RunStep[] = [
  { name: "after open", modes: everyMode, arm: (stage) => atDatabase(stage, "open", "after") },
  { name: "mid-model call", modes: everyMode, arm: inModelCall },
  { name: "between agents", modes: ["roundtable", "orchestrator"], arm: betweenAgents },
  { name: "during a checkpoint", modes: everyMode, arm: duringCheckpoint },
  { name: "before commit", modes: everyMode, arm: (stage) => atDatabase(stage, "commit", "before") },
  { name: "during commit", modes: everyMode, arm: (stage) => atDatabase(stage, "commit", "sent") },
  { name: "after commit", modes: everyMode, arm: (stage) => atDatabase(stage, "commit", "after") },
  { name: "inside a tool loop", modes: everyMode, withTools: true, arm: inToolLoop },
  { name: "in a fan-out, 2 of 4 in", modes: ["manual"], needsAll: true, arm: inFanOut },
  { name: "anywhere", modes: everyMode, arm: anywhere },
];

/** Goes through the modes, and in each of them through its steps. */
export function stepOfRound(index: number) {
  const mode = stagedModes[index % stagedModes.length] ?? stagedModes[0];
  const steps = runSteps.filter((step) => step.modes.includes(mode));
  const step = steps[Math.floor(index / stagedModes.length) % steps.length];
  if (step === undefined) throw new Error(`there is no step in ${mode}`);
  return { mode, step };
}

function atDatabase(
  { testbed, scene }: Stage,
  kind: RequestKind,
  hold: "before" | "sent" | "after",
  skip = 0,
): ArmedStep {
  const trap = testbed.gateway.set({ kind, about: scene.sessionId, fault: { hold }, skip });
  return { rules: [], reached: trap.sprung, letGo: trap.letGo };
}

/** Calls that have come before the answer of this agent is asked for, its own included. */
function callsUpTo({ scene, order }: Stage, agentKey: string): number {
  if (scene.mode === "manual") return order.length;
  return order.indexOf(agentKey) + 1 + (scene.mode === "orchestrator" ? 1 : 0);
}

function waitForCalls({ scene }: Stage, calls: number, settled = 0): Promise<boolean> {
  const { journal } = scene.models;
  const before = journal.entries.length;
  return journal.waitFor({ calls: before + calls, settled: before + settled, timeoutMs: 60_000 });
}

function inModelCall(stage: Stage): ArmedStep {
  const { scene, order, random } = stage;
  const held = random.chance(0.5) ? { hold: gate } : { hold_after_first: gate };
  if (scene.mode === "orchestrator" && random.chance(0.25)) {
    return { rules: [picks(order, held, 1)], reached: waitForCalls(stage, 1), letGo: () => undefined };
  }
  const victim = random.pick(order);
  const manager = scene.mode === "orchestrator" ? [picks(order)] : [];
  return {
    rules: [...manager, answers(victim, held, 1)],
    reached: waitForCalls(stage, callsUpTo(stage, victim)),
    letGo: () => scene.models.release(gate),
  };
}

function betweenAgents(stage: Stage): ArmedStep {
  const answered = stage.random.between(1, stage.order.length - 1);
  const calls = answered + (stage.scene.mode === "orchestrator" ? 1 : 0);
  return { rules: [], reached: waitForCalls(stage, calls, calls), letGo: () => undefined };
}

function duringCheckpoint(stage: Stage): ArmedStep {
  const { random, scene } = stage;
  if (scene.mode !== "manual" && random.chance(0.5)) return aheadOfCheckpoint(stage);
  const when = random.pick(["before", "sent", "after"] as const);
  const step = atDatabase(stage, "step", when, random.between(0, 1));
  const waitMs = random.pick([0, 0, 40]);
  return { ...step, reached: step.reached.then(() => delay(waitMs)) };
}

/** While a step cannot be stored the run may go on by one: who answers last must not be asked. */
function aheadOfCheckpoint(stage: Stage): ArmedStep {
  const { order, scene } = stage;
  const last = order.at(-1) ?? "";
  // Of a routing that is not stored anybody may be under way: the step after it tells more.
  const step = atDatabase(stage, "step", "before", scene.mode === "orchestrator" ? 1 : 0);
  const isAsked = waitForCalls(stage, callsUpTo(stage, last));
  return {
    rules: [...(scene.mode === "orchestrator" ? [picks(order)] : []), answers(last, { hold: gate }, 1)],
    reached: step.reached.then(() => Promise.race([isAsked, delay(aheadMs)])),
    letGo(options) {
      scene.models.release(gate);
      step.letGo(options);
    },
  };
}

function inToolLoop(stage: Stage): ArmedStep {
  const { testbed, scene, order, random } = stage;
  const victim = random.pick(order);
  const query = JSON.stringify({ query: `boats ${sceneTagOf(scene.id)}` });
  const asks = agentSays(victim, { tool_calls: [{ name: "search", arguments: query }] }, 1);
  const manager = scene.mode === "orchestrator" ? [picks(order)] : [];
  if (random.chance(0.5)) {
    const reached = testbed.peers.stallNextSearch(scene.id);
    return { rules: [...manager, asks], reached, letGo: () => undefined };
  }
  return {
    rules: [...manager, asks, answers(victim, { hold: gate }, 2)],
    reached: waitForCalls(stage, callsUpTo(stage, victim) + 1),
    letGo: () => scene.models.release(gate),
  };
}

function inFanOut(stage: Stage): ArmedStep {
  const { testbed, scene, order, random } = stage;
  const [first, second, ...held] = order.toSorted(() => random.next() - 0.5);
  const areIn = waitForCalls(stage, order.length, 2);
  const untilStored = async () => {
    const { entries } = scene.models.journal;
    while ((await readStoredCalls(testbed.sql, scene.sessionId, entries)).length < 2) await delay(5);
  };
  return {
    rules: [
      ...held.map((key) => answers(key, { hold: gate }, 1)),
      answers(first ?? ""),
      answers(second ?? ""),
    ],
    reached: random.chance(0.5) ? areIn : areIn.then(untilStored),
    letGo: () => scene.models.release(gate),
  };
}

function anywhere({ random }: Stage): ArmedStep {
  return { rules: [], reached: delay(random.between(0, 80)), letGo: () => undefined };
}
