import { setTimeout as delay } from "node:timers/promises";
import { checkSession } from "../checks/session.ts";
import type { Scenario } from "../scenario.ts";
import type { SessionFixture } from "../testbed/session-fixture.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { type PendingTurn, prepareTurn, restOfScript } from "./pending-turn.ts";
import { createRoundLog, isWhole, type RoundLog } from "./round-log.ts";

/** A change made while a turn runs, and what must hold afterwards. */
type Change = {
  name: string;
  make(pending: PendingTurn, worker: Workerd): Promise<Answer>;
  /** True where the change is stored, or the turn has applied it. */
  isKept(fixture: SessionFixture, worker: Workerd, turn: Answer): Promise<boolean>;
  /** Whether the session takes a further turn. */
  endsSession?: true;
};

const newRole = "You play <ada> and no other. You have changed.";

const changes: readonly Change[] = [
  {
    name: "session deleted",
    endsSession: true,
    make: ({ fixture }, worker) => fixture.user.call(worker.url, "DELETE", `/sessions/${fixture.sessionId}`),
    isKept: async (fixture, worker) =>
      (await fixture.user.call(worker.url, "GET", `/sessions/${fixture.sessionId}`)).status === 404,
  },
  {
    name: "room deleted",
    endsSession: true,
    make: ({ fixture }, worker) => fixture.user.call(worker.url, "DELETE", `/rooms/${fixture.roomId}`),
    isKept: async (fixture, worker) =>
      (await fixture.user.call(worker.url, "GET", `/rooms/${fixture.roomId}`)).status === 404,
  },
  {
    name: "mode changed",
    make: ({ fixture }, worker) =>
      fixture.user.call(worker.url, "PATCH", `/rooms/${fixture.roomId}/mode`, {
        body: { mode: "roundtable" },
      }),
    async isKept(fixture, worker, turn) {
      const { body } = await fixture.user.call(worker.url, "GET", `/rooms/${fixture.roomId}`);
      const wasApplied = turn.body?.mode === "roundtable";
      return wasApplied
        ? body.current_mode === "roundtable" && body.pending_mode === null
        : body.pending_mode === "roundtable";
    },
  },
  {
    name: "agent edited",
    make: ({ fixture }, worker) =>
      fixture.user.call(worker.url, "PATCH", `/rooms/${fixture.roomId}/agents/ada`, {
        body: { role_prompt: newRole },
      }),
    isKept: async (fixture, worker) =>
      (await fixture.user.call(worker.url, "GET", `/rooms/${fixture.roomId}/agents/ada`)).body.role_prompt ===
      newRole,
  },
  {
    name: "agent removed",
    make: ({ fixture }, worker) =>
      fixture.user.call(worker.url, "DELETE", `/rooms/${fixture.roomId}/agents/bob`),
    isKept: async (fixture, worker) =>
      (await fixture.user.call(worker.url, "GET", `/rooms/${fixture.roomId}/agents/bob`)).status === 404,
  },
];

/** A room changes while a turn runs: no deadlock, no lost change, and a complete turn. */
export const roomChanges: Scenario = {
  name: "room-changes",
  rounds: { short: 5, long: 1_000 },
  lanes: 4,
  async runRound(round) {
    const { testbed, random, index } = round;
    const change = changes[index % changes.length];
    if (change === undefined) throw new Error("there is no such change");
    const worker = await testbed.takeWorker();
    const pending = await prepareTurn(round, worker, { mode: "manual" });
    const { fixture, request } = pending;
    fixture.models.follow({ rules: restOfScript(pending) });
    const roundLog = createRoundLog();
    const deadlocksBefore = await countDeadlocks(pending);

    const posted = fixture.post(worker, { request });
    await delay(random.between(0, 60));
    const changed = await change.make(pending, worker);
    const turn = await posted;
    roundLog.expect(change.name, changed, changed.status === 200 || changed.status === 204);
    roundLog.expect("the turn", turn, isWhole(turn) || (change.endsSession === true && turn.status === 404));
    if (!(await change.isKept(fixture, worker, turn))) roundLog.violations.push(`lost: ${change.name}`);
    if (change.endsSession !== true) await takeFurtherTurn(pending, worker, roundLog);
    const deadlocks = (await countDeadlocks(pending)) - deadlocksBefore;
    if (deadlocks > 0) roundLog.violations.push(`${deadlocks} deadlocks`);
    roundLog.count(turn.status === 201 ? "turns under change" : "deleted before its open");
    roundLog.readLog(worker);
    testbed.giveBack(worker);
    return checkSession(testbed, fixture, change.name, roundLog);
  },
};

async function takeFurtherTurn({ fixture }: PendingTurn, worker: Workerd, roundLog: RoundLog): Promise<void> {
  const next = await fixture.post(worker, { request: fixture.nextRequest() });
  roundLog.expect("the next request", next, isWhole(next));
}

/** Deadlocks that Postgres has counted in this database. */
async function countDeadlocks({ testbed }: PendingTurn): Promise<number> {
  const { rows } = await testbed.sql.query<{ deadlocks: string }>(
    "select deadlocks from pg_stat_database where datname = current_database()",
  );
  return Number(rows[0]?.deadlocks ?? 0);
}
