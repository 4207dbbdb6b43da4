import { setTimeout as delay } from "node:timers/promises";
import type { ModelAnswer } from "../../../../dev/model-server/answer.ts";
import type { ModelRule } from "../../../support/node/model-script.ts";
import { laterAgentSays } from "../../../turn/modes/support/model-calls.ts";
import { fixtureTagOf } from "../testbed/scenario-tag.ts";
import { type ArmedStep, atDatabase, gate, waitForCalls } from "./armed-step.ts";
import type { RoundTurn } from "./round-turn.ts";
import { answers, answersAgain, picks, picksAgain, synthesises } from "./script.ts";

/** A point of a turn of two rounds with a synthesis. */
export type RoundStep = { name: string; withTools?: true; arm(turn: RoundTurn): ArmedStep };

type Call = { name: string; rule(turn: RoundTurn, answer: ModelAnswer): ModelRule };

const firstOf = ({ order }: RoundTurn) => order[0] ?? "";
const secondOf = ({ order }: RoundTurn) => order[1] ?? "";
const thirdOf = ({ laterOrder }: RoundTurn) => laterOrder[1] ?? "";

/** Long enough for a run to make the next call. */
const aheadMs = 150;

/** Every call of the turn, in order; each rule is for the first call of its kind. */
const calls: readonly Call[] = [
  { name: "the first decision", rule: (turn, answer) => picks(turn.order, answer, 1) },
  { name: "the first answer", rule: (turn, answer) => answers(firstOf(turn), answer, 1) },
  { name: "the second answer", rule: (turn, answer) => answers(secondOf(turn), answer, 1) },
  { name: "the second decision", rule: (turn, answer) => picksAgain(turn.laterOrder, answer, 1) },
  { name: "an agent's further answer", rule: (turn, answer) => answersAgain(firstOf(turn), answer, 1) },
  { name: "an answer of round two", rule: (turn, answer) => answers(thirdOf(turn), answer, 1) },
  { name: "the synthesis", rule: (_turn, answer) => synthesises(answer, 1) },
];

/** The synthesis is stored with the commit. */
const storedCalls = calls.slice(0, -1);

/** The points at which a Worker is killed. Neighbours differ in kind, so that a short run tries several kinds. */
const roundSteps: readonly RoundStep[] = [
  { name: "after open", arm: (turn) => atDatabase(turn, "open", "after") },
  ...calls.flatMap((call, place): RoundStep[] => [
    { name: `in ${call.name}`, arm: (turn) => inCall(turn, call, place) },
    { name: `after ${call.name}`, arm: (turn) => afterCall(turn, place) },
    ...(storedCalls.includes(call)
      ? [{ name: `while ${call.name} is stored`, arm: (turn: RoundTurn) => whileStored(turn, place) }]
      : []),
  ]),
  { name: "in a tool loop of a further answer", withTools: true, arm: inToolLoop },
  { name: "before commit", arm: (turn) => atDatabase(turn, "commit", "before") },
  { name: "during commit", arm: (turn) => atDatabase(turn, "commit", "sent") },
  { name: "after commit", arm: (turn) => atDatabase(turn, "commit", "after") },
  {
    name: "anywhere",
    arm: ({ random }) => ({ rules: [], reached: delay(random.between(0, 120)), release: () => undefined }),
  },
];

export const roundStepCount = roundSteps.length;

export function roundStepOf(index: number): RoundStep {
  const step = roundSteps[index % roundSteps.length];
  if (step === undefined) throw new Error("there is no such step");
  return step;
}

function inCall(turn: RoundTurn, call: Call, place: number): ArmedStep {
  const held = turn.random.chance(0.5) ? { hold: gate } : { hold_after_first: gate };
  return {
    rules: [call.rule(turn, held)],
    reached: waitForCalls(turn, place + 1),
    release: () => turn.fixture.models.release(gate),
  };
}

/** Its answer has been sent. Between the second answer and the second decision no agent is being asked. */
function afterCall(turn: RoundTurn, place: number): ArmedStep {
  return { rules: [], reached: waitForCalls(turn, place + 1, place + 1), release: () => undefined };
}

/** The run may be one call ahead: in half of the rounds that call is made first. */
function whileStored(turn: RoundTurn, place: number): ArmedStep {
  const { random } = turn;
  const step = atDatabase(turn, "step", random.pick(["before", "sent", "after"] as const), place);
  const isAhead = random.chance(0.5) ? waitForCalls(turn, place + 2) : Promise.resolve();
  return { ...step, reached: step.reached.then(() => Promise.race([isAhead, delay(aheadMs)])) };
}

function inToolLoop(turn: RoundTurn): ArmedStep {
  const { testbed, fixture, random } = turn;
  const query = JSON.stringify({ query: `boats ${fixtureTagOf(fixture.id)}` });
  const asks = laterAgentSays(firstOf(turn), { tool_calls: [{ name: "search", arguments: query }] }, 1);
  if (random.chance(0.5)) {
    const reached = testbed.peers.stallNextSearch(fixture.id);
    return { rules: [asks], reached, release: () => undefined };
  }
  return {
    rules: [asks, answersAgain(firstOf(turn), { hold: gate }, 2)],
    reached: waitForCalls(turn, calls.length - 1),
    release: () => fixture.models.release(gate),
  };
}
