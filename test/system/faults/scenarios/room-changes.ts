import { setTimeout as delay } from "node:timers/promises";
import { judgeScene } from "../judge/scene.ts";
import type { Scenario } from "../scenario.ts";
import type { Scene } from "../testbed/scene.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { createProtocol, isWhole, type Protocol } from "./protocol.ts";
import { restOfScript, type Stage, setStage } from "./stage.ts";

/** A change made under a running turn, and what must be seen of it afterwards. */
type Change = {
  name: string;
  make(stage: Stage, worker: Workerd): Promise<Answer>;
  /** True where the change is there, or the turn has taken it in as it should. */
  isKept(scene: Scene, worker: Workerd, turn: Answer): Promise<boolean>;
  /** Whether the session takes a further turn. */
  endsSession?: true;
};

const newRole = "You play <ada> and no other. You have changed.";

const changes: readonly Change[] = [
  {
    name: "session deleted",
    endsSession: true,
    make: ({ scene }, worker) => scene.user.call(worker.url, "DELETE", `/sessions/${scene.sessionId}`),
    isKept: async (scene, worker) =>
      (await scene.user.call(worker.url, "GET", `/sessions/${scene.sessionId}`)).status === 404,
  },
  {
    name: "room deleted",
    endsSession: true,
    make: ({ scene }, worker) => scene.user.call(worker.url, "DELETE", `/rooms/${scene.roomId}`),
    isKept: async (scene, worker) =>
      (await scene.user.call(worker.url, "GET", `/rooms/${scene.roomId}`)).status === 404,
  },
  {
    name: "mode changed",
    make: ({ scene }, worker) =>
      scene.user.call(worker.url, "PATCH", `/rooms/${scene.roomId}/mode`, { body: { mode: "roundtable" } }),
    async isKept(scene, worker, turn) {
      const { body } = await scene.user.call(worker.url, "GET", `/rooms/${scene.roomId}`);
      const wasTakenIn = turn.body?.mode === "roundtable";
      return wasTakenIn
        ? body.current_mode === "roundtable" && body.pending_mode === null
        : body.pending_mode === "roundtable";
    },
  },
  {
    name: "agent edited",
    make: ({ scene }, worker) =>
      scene.user.call(worker.url, "PATCH", `/rooms/${scene.roomId}/agents/ada`, {
        body: { role_prompt: newRole },
      }),
    isKept: async (scene, worker) =>
      (await scene.user.call(worker.url, "GET", `/rooms/${scene.roomId}/agents/ada`)).body.role_prompt ===
      newRole,
  },
  {
    name: "agent removed",
    make: ({ scene }, worker) => scene.user.call(worker.url, "DELETE", `/rooms/${scene.roomId}/agents/bob`),
    isKept: async (scene, worker) =>
      (await scene.user.call(worker.url, "GET", `/rooms/${scene.roomId}/agents/bob`)).status === 404,
  },
];

/** A room changes under a running turn: no deadlock, no change swallowed, the turn whole. */
export const roomChanges: Scenario = {
  name: "room-changes",
  rounds: { short: 5, long: 1_000 },
  lanes: 4,
  async play(round) {
    const { testbed, random, index } = round;
    const change = changes[index % changes.length];
    if (change === undefined) throw new Error("there is no such change");
    const worker = await testbed.takeWorker();
    const stage = await setStage(round, worker, { mode: "manual" });
    const { scene, request } = stage;
    scene.models.follow({ rules: restOfScript(stage) });
    const protocol = createProtocol();
    const deadlocksBefore = await countDeadlocks(stage);

    const posted = scene.post(worker, { request });
    await delay(random.between(0, 60));
    const changed = await change.make(stage, worker);
    const turn = await posted;
    protocol.expect(change.name, changed, changed.status === 200 || changed.status === 204);
    protocol.expect("the turn", turn, isWhole(turn) || (change.endsSession === true && turn.status === 404));
    if (!(await change.isKept(scene, worker, turn))) protocol.violations.push(`swallowed: ${change.name}`);
    if (change.endsSession !== true) await takeFurtherTurn(stage, worker, protocol);
    const deadlocks = (await countDeadlocks(stage)) - deadlocksBefore;
    if (deadlocks > 0) protocol.violations.push(`${deadlocks} deadlocks`);
    protocol.count(turn.status === 201 ? "turns under change" : "deleted before its open");
    protocol.readLog(worker);
    testbed.giveBack(worker);
    return judgeScene(testbed, scene, change.name, protocol);
  },
};

async function takeFurtherTurn({ scene }: Stage, worker: Workerd, protocol: Protocol): Promise<void> {
  const next = await scene.post(worker, { request: scene.nextRequest() });
  protocol.expect("the next request", next, isWhole(next));
}

/** What Postgres itself has counted in this database since it was made. */
async function countDeadlocks({ testbed }: Stage): Promise<number> {
  const { rows } = await testbed.sql.query<{ deadlocks: string }>(
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  return Number(rows[0]?.deadlocks ?? 0);
}
