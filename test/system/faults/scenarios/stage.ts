import type { ModelRule } from "../../../support/node/model-script.ts";
import type { Random } from "../random.ts";
import type { Round } from "../scenario.ts";
import { createScene, type Scene } from "../testbed/scene.ts";
import type { Testbed } from "../testbed/testbed.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { answers, picks } from "./script.ts";

/** A turn that is about to be posted. */
export type Stage = {
  testbed: Testbed;
  random: Random;
  scene: Scene;
  /** Keys of those who will answer, in order. */
  order: readonly string[];
  request: number;
  /** Posts it. */
  send(worker: Workerd, key: string | undefined): Promise<Answer>;
  /** Whether it is the retry of a turn that is stored. */
  isRetry: boolean;
};

/** Three modes: four at once, three in a row, and two or three whom a manager picks. */
export const stagedModes = ["manual", "roundtable", "orchestrator"] as const;
export type StagedMode = (typeof stagedModes)[number];

export type StageOptions = { mode: StagedMode; withTools?: boolean; turnsBehind?: number };

const rosters = {
  manual: ["ada", "bob", "cy", "dee"],
  roundtable: ["ada", "bob", "cy"],
  orchestrator: ["ada", "bob", "cy", "dee"],
} as const;

/**
 * A room whose next turn somebody is about to post. With `turnsBehind` there are so many before it; after two a
 * summary is due beside the turn.
 */
export async function setStage(
  { testbed, random }: Round,
  worker: Workerd,
  { mode, withTools = false, turnsBehind = 0 }: StageOptions,
): Promise<Stage> {
  const agents = rosters[mode];
  const scene = await createScene(testbed, worker, { mode, agents, withTools });
  const shuffled = [...agents].sort(() => random.next() - 0.5);
  const order = mode === "orchestrator" ? shuffled.slice(0, random.between(2, 3)) : agents;
  const stage = { testbed, random, scene, order };
  for (let turns = 0; turns < turnsBehind; turns += 1) {
    scene.models.follow({ rules: restOfScript(stage) });
    const { status } = await scene.post(worker, { request: scene.nextRequest() });
    if (status !== 201) throw new Error(`a turn without any fault was answered ${status}`);
  }
  const request = scene.nextRequest();
  return { ...stage, request, isRetry: false, send: (on, key) => scene.post(on, { request, key }) };
}

/** Posts the turn, in which all of its agents but now and then the first fail; its retry is what comes next. */
export async function failTurn(stage: Stage, worker: Workerd): Promise<Stage> {
  const { scene, random, request } = stage;
  const failing = stage.order.slice(random.between(0, 1));
  scene.models.follow({
    rules: [...failing.map((key) => answers(key, { status: 400 })), ...restOfScript(stage)],
  });
  const { status, body } = await stage.send(worker, undefined);
  if (status !== 201) throw new Error(`a turn whose agents fail was answered ${status}`);
  const path = `/sessions/${scene.sessionId}/turns/${body.id}/retry`;
  return {
    ...stage,
    ...{ order: failing, request, isRetry: true },
    send: ({ url }, key) =>
      scene.user.call(url, "POST", path, { headers: key === undefined ? {} : { "Idempotency-Key": key } }),
  };
}

/** Everybody answers whole, each in a time of its own. */
export function restOfScript({
  random,
  order,
  scene,
}: Pick<Stage, "random" | "order" | "scene">): ModelRule[] {
  return [picks(order), ...scene.agents.map((key) => answers(key, { delay_ms: random.between(0, 6) }))];
}
