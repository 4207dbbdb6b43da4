import type { ModelRule } from "../../../support/node/model-script.ts";
import type { Random } from "../random.ts";
import type { Round } from "../scenario.ts";
import { createSessionFixture, type SessionFixture } from "../testbed/session-fixture.ts";
import type { Testbed } from "../testbed/testbed.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { answers, picks } from "./script.ts";

/** A turn that is about to be posted. */
export type PendingTurn = {
  testbed: Testbed;
  random: Random;
  fixture: SessionFixture;
  /** Keys of the agents that will answer, in order. */
  order: readonly string[];
  request: number;
  /** Posts the turn. */
  send(worker: Workerd, key: string | undefined): Promise<Answer>;
  /** Whether it is the retry of a turn that is stored. */
  isRetry: boolean;
};

/** Four agents at once, three in sequence, and two or three that a manager picks. */
export const testedModes = ["manual", "roundtable", "orchestrator"] as const;
export type TestedMode = (typeof testedModes)[number];

export type PendingTurnOptions = { mode: TestedMode; withTools?: boolean; priorTurns?: number };

const rosters = {
  manual: ["ada", "bob", "cy", "dee"],
  roundtable: ["ada", "bob", "cy"],
  orchestrator: ["ada", "bob", "cy", "dee"],
} as const;

/**
 * Creates a room and prepares its next turn. `priorTurns` are posted first; after two of them a summary is due.
 */
export async function prepareTurn(
  { testbed, random }: Round,
  worker: Workerd,
  { mode, withTools = false, priorTurns = 0 }: PendingTurnOptions,
): Promise<PendingTurn> {
  const agents = rosters[mode];
  const fixture = await createSessionFixture(testbed, worker, { mode, agents, withTools });
  const shuffled = [...agents].sort(() => random.next() - 0.5);
  const order = mode === "orchestrator" ? shuffled.slice(0, random.between(2, 3)) : agents;
  const pending = { testbed, random, fixture, order };
  for (let turns = 0; turns < priorTurns; turns += 1) {
    fixture.models.follow({ rules: restOfScript(pending) });
    const { status } = await fixture.post(worker, { request: fixture.nextRequest() });
    if (status !== 201) throw new Error(`a turn without any fault was answered ${status}`);
  }
  const request = fixture.nextRequest();
  return { ...pending, request, isRetry: false, send: (on, key) => fixture.post(on, { request, key }) };
}

/** Posts the turn, in which its agents fail, sometimes all but the first. The retry is the next pending turn. */
export async function failTurn(pending: PendingTurn, worker: Workerd): Promise<PendingTurn> {
  const { fixture, random, request } = pending;
  const failing = pending.order.slice(random.between(0, 1));
  fixture.models.follow({
    rules: [...failing.map((key) => answers(key, { status: 400 })), ...restOfScript(pending)],
  });
  const { status, body } = await pending.send(worker, undefined);
  if (status !== 201) throw new Error(`a turn whose agents fail was answered ${status}`);
  const path = `/sessions/${fixture.sessionId}/turns/${body.id}/retry`;
  return {
    ...pending,
    order: failing,
    request,
    isRetry: true,
    send: ({ url }, key) =>
      fixture.user.call(url, "POST", path, { headers: key === undefined ? {} : { "Idempotency-Key": key } }),
  };
}

/** Every agent answers completely, each after a random delay. */
export function restOfScript({
  random,
  order,
  fixture,
}: Pick<PendingTurn, "random" | "order" | "fixture">): ModelRule[] {
  return [picks(order), ...fixture.agents.map((key) => answers(key, { delay_ms: random.between(0, 6) }))];
}
