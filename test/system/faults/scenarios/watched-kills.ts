import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { checkSession } from "../checks/session.ts";
import type { Round, Scenario } from "../scenario.ts";
import { createTurnReader, type TurnReader } from "../testbed/turn-reader.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { type PendingTurn, prepareTurn, type TestedMode, testedModes } from "./pending-turn.ts";
import { createRoundLog, isWhole, type RoundLog } from "./round-log.ts";
import { answers, picks } from "./script.ts";

/** As short as a deployment may have it: the run goes on when the lease of its lost holder ends. */
const leaseMs = 15_000;
const pauseMs = 200;
const maxRoundMs = 120_000;

/**
 * A client watches a turn whose Worker is killed, once or twice, and started again with the same stored objects. It comes
 * back by GET alone: nobody posts again. It ends with the stored turn, and has seen each text once.
 */
export const watchedKills: Scenario = {
  name: "watched-kills",
  rounds: { short: 1, long: 50 },
  lanes: 2,
  async runRound(round) {
    const objectsDir = await mkdtemp(join(tmpdir(), "pantheon-objects-"));
    const start = () => round.testbed.startWorker({ TURN_LEASE_MS: String(leaseMs) }, { objectsDir });
    const roundLog = createRoundLog();
    const mode = testedModes[round.index % testedModes.length] ?? "manual";
    const worker = await start();
    const pending = await prepareSlowTurn(round, worker, mode);
    const { last, reader } = await watchTurn(pending, { worker, start }, roundLog);
    await expectStored(pending, last, reader, roundLog);
    const next = await pending.fixture.post(last, { request: pending.fixture.nextRequest() });
    roundLog.expect("the next request", next, isWhole(next));
    roundLog.readLog(last);
    await last.kill();
    await rm(objectsDir, { recursive: true, force: true });
    return checkSession(round.testbed, pending.fixture, mode, roundLog);
  },
};

async function prepareSlowTurn(round: Round, worker: Workerd, mode: TestedMode): Promise<PendingTurn> {
  const pending = await prepareTurn(round, worker, { mode });
  const { fixture, order, random } = pending;
  const slowly = fixture.agents.map((key) => answers(key, { delta_delay_ms: random.between(10, 60) }));
  fixture.models.follow({ rules: [picks(order), ...slowly] });
  return pending;
}

type Workers = { worker: Workerd; start: () => Promise<Workerd> };

/** Posts the turn and follows it to its end. Between, its Worker is killed. */
async function watchTurn(pending: PendingTurn, { worker, start }: Workers, roundLog: RoundLog) {
  const { fixture, random, request } = pending;
  const reader = createTurnReader();
  const deadlineMs = Date.now() + maxRoundMs;
  let last = worker;
  let kills = random.between(1, 2);
  let connection = fixture.openStream(last, { request });
  for (;;) {
    const status = await reader.read(
      connection,
      kills > 0 ? random.between(1, 25) : Number.POSITIVE_INFINITY,
    );
    roundLog.count(`read ${status}`);
    if (reader.end() !== undefined) return { last, reader };
    if (Date.now() > deadlineMs || reader.turnId() === undefined) {
      roundLog.violations.push("the turn could not be followed to its end");
      return { last, reader };
    }
    if (status === 200 && kills > 0) {
      kills -= 1;
      roundLog.count("kills");
      await last.kill();
      last = await start();
      // Else the object's alarm goes off when the lease ends, or the reader comes after that.
      if (random.chance(0.7)) await fixture.expireLease();
    }
    // As an EventSource pauses before it connects again.
    await delay(pauseMs);
    connection = follow(pending, last, reader);
  }
}

function follow({ fixture }: PendingTurn, { url }: Workerd, reader: TurnReader) {
  const path = `/sessions/${fixture.sessionId}/turns/${reader.turnId()}/events`;
  const id = reader.lastId();
  return fixture.user.open(url, "GET", path, { headers: id === undefined ? {} : { "Last-Event-ID": id } });
}

/** The turn is stored whole, and the reader has its texts, each once, and nothing else. */
async function expectStored(
  { fixture }: PendingTurn,
  { url }: Workerd,
  reader: TurnReader,
  roundLog: RoundLog,
): Promise<void> {
  const path = `/sessions/${fixture.sessionId}/turns/${reader.turnId()}`;
  const stored = await fixture.user.call(url, "GET", path);
  roundLog.expect("the turn", stored, stored.status === 200 && stored.body.status === "completed");
  if (reader.end()?.type !== "RUN_FINISHED") roundLog.violations.push(`it ended with ${reader.end()?.type}`);
  const contents: string[] = (stored.body?.replies ?? []).map(({ content }: { content: string }) => content);
  const isSame = JSON.stringify(reader.texts().toSorted()) === JSON.stringify(contents.toSorted());
  if (!isSame) roundLog.violations.push(`the reader has ${JSON.stringify(reader.texts()).slice(0, 500)}`);
}
