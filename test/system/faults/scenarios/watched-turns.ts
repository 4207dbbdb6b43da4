import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { agentSays, synthesisSays } from "../../../turn/modes/support/model-calls.ts";
import { checkSession } from "../checks/session.ts";
import type { Scenario } from "../scenario.ts";
import { residentBytes } from "../testbed/resident-memory.ts";
import { createSessionFixture, type SessionFixture } from "../testbed/session-fixture.ts";
import type { Testbed } from "../testbed/testbed.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { createRoundLog } from "./round-log.ts";
import { answers, piecesOf } from "./script.ts";

const MiB = 1024 * 1024;

type Frame = { id: string; event: { type: string; messageId?: string; delta?: string; result?: unknown } };

/**
 * A turn of 40 s whose client is cut at random 20 times and follows it again from its last event. It has every event once, and
 * the texts that it puts together are the stored ones.
 */
export const cutReaders: Scenario = {
  name: "cut-readers",
  rounds: { short: 0, long: 3 },
  async runRound({ testbed, random }) {
    const worker = await testbed.takeWorker();
    const agents = ["ada", "bob", "cy", "dee"];
    const fixture = await createSessionFixture(testbed, worker, { mode: "roundtable", agents });
    fixture.models.follow({ rules: agents.map((key) => answers(key, { delta_delay_ms: 1_000 })) });
    const roundLog = createRoundLog();
    const request = fixture.nextRequest();
    const turnId = await queueTurn(fixture, worker, request);
    const seen: Frame[] = [];
    let cuts = 0;
    for (;;) {
      const after = seen.at(-1)?.id;
      const leaveAfterMs = cuts < 20 ? random.between(100, 3_500) : null;
      const { status, frames } = await follow(fixture, worker, { turnId, after, leaveAfterMs });
      seen.push(...frames);
      if (status === 204 || seen.at(-1)?.event.type === "RUN_FINISHED") break;
      cuts += 1;
    }
    roundLog.count("cuts", cuts);
    roundLog.count("events", seen.length);
    if (new Set(seen.map(({ id }) => id)).size !== seen.length)
      roundLog.violations.push("an event came twice");
    const { body } = await fixture.user.call(
      worker.url,
      "GET",
      `/sessions/${fixture.sessionId}/turns/${turnId}`,
    );
    for (const reply of body.replies) {
      const text = seen
        .map(({ event }) => (event.messageId === reply.message_id ? (event.delta ?? "") : ""))
        .join("");
      if (text !== reply.content)
        roundLog.violations.push(`the text of ${reply.agent_key} is not the stored one`);
    }
    const { entries } = fixture.models.journal;
    if (entries.length !== agents.length)
      roundLog.violations.push(`${entries.length} calls of ${agents.length} agents`);
    testbed.giveBack(worker);
    return checkSession(testbed, fixture, "roundtable", roundLog);
  },
};

const readers = 16;
const maxGrowthBytes = 40 * MiB;

/** Sixteen readers of a turn that take nothing after their headers: the Worker keeps no copy of the events for them. */
export const idleReaders: Scenario = {
  name: "idle-readers",
  rounds: { short: 0, long: 3 },
  async runRound({ testbed }) {
    const worker = await testbed.startWorker();
    const fixture = await createSessionFixture(testbed, worker, {
      mode: "roundtable",
      agents: ["ada", "bob", "cy"],
    });
    const roundLog = createRoundLog();
    const deltas = Array.from({ length: 300 }, (_, n) => `${n} ${"x".repeat(1_000)}`);
    fixture.models.follow({
      rules: ["ada", "bob", "cy"].map((key) => agentSays(key, { deltas, hold_after_first: "gate" })),
    });
    // The first turn of a process takes what it keeps for all others.
    fixture.models.release("gate");
    await runQueued(testbed, fixture, worker);
    const before = residentBytes(worker.pid);
    const turnId = await queueTurn(fixture, worker, fixture.nextRequest());
    const path = `/sessions/${fixture.sessionId}/turns/${turnId}/events`;
    const open = Array.from({ length: readers }, () => fixture.user.open(worker.url, "GET", path));
    const responses = await Promise.all(open.map(({ response }) => response));
    roundLog.count("readers", responses.filter(({ statusCode }) => statusCode === 200).length);
    await untilStored(testbed, turnId);
    const grownBytes = residentBytes(worker.pid) - before;
    roundLog.count("MiB grown", Math.round(grownBytes / MiB));
    if (grownBytes > maxGrowthBytes)
      roundLog.violations.push(`the Worker grew by ${Math.round(grownBytes / MiB)} MiB`);
    for (const { reset } of open) reset();
    await worker.kill();
    testbed.peers.forget(fixture.id);
    return { what: "roundtable", ...roundLog };
  },
};

/** A round table of twelve and a synthesis, 20 s each: 260 s, and no client at all. */
export const longTurn: Scenario = {
  name: "long-turn",
  rounds: { short: 0, long: 1 },
  async runRound({ testbed }) {
    const worker = await testbed.takeWorker();
    const agents = Array.from({ length: 12 }, (_, n) => `agent${n + 1}`);
    const orchestration = { max_rounds: 1, synthesis: "manager" };
    const fixture = await createSessionFixture(testbed, worker, {
      mode: "roundtable",
      agents,
      orchestration,
    });
    const slowly = { delay_ms: 20_000 };
    fixture.models.follow({
      rules: [
        synthesisSays({ deltas: piecesOf("synthesis"), ...slowly }),
        ...agents.map((key) => answers(key, slowly)),
      ],
    });
    const roundLog = createRoundLog();
    const startedMs = Date.now();
    const turnId = await queueTurn(fixture, worker, fixture.nextRequest());
    const status = await untilStored(testbed, turnId);
    const seconds = Math.round((Date.now() - startedMs) / 1_000);
    roundLog.count("seconds", seconds);
    if (status !== "completed") roundLog.violations.push(`after ${seconds} s the turn is ${status}`);
    testbed.giveBack(worker);
    return checkSession(testbed, fixture, "roundtable", roundLog);
  },
};

async function queueTurn(fixture: SessionFixture, worker: Workerd, request: number): Promise<string> {
  const path = `/sessions/${fixture.sessionId}/turns/queue`;
  const call = {
    body: { message: fixture.messageOf(request) },
    headers: { "Idempotency-Key": randomUUID() },
  };
  const { status, body } = await fixture.user.call(worker.url, "POST", path, call);
  if (status !== 202) throw new Error(`a turn was answered ${status}`);
  return body.id;
}

async function runQueued(testbed: Testbed, fixture: SessionFixture, worker: Workerd): Promise<void> {
  await untilStored(testbed, await queueTurn(fixture, worker, fixture.nextRequest()));
}

const maxTurnMs = 330_000;

/** The status of the turn once it is stored. */
async function untilStored({ sql }: Testbed, turnId: string): Promise<string> {
  const deadlineMs = Date.now() + maxTurnMs;
  while (Date.now() < deadlineMs) {
    const { rows } = await sql.query("select status from turns where id = $1", [turnId]);
    if (rows[0] !== undefined) return rows[0].status;
    await delay(100);
  }
  return "not stored";
}

type Following = { turnId: string; after: string | undefined; leaveAfterMs: number | null };

/** Reads a turn's events from a place on, to their end or until it leaves. */
async function follow(fixture: SessionFixture, worker: Workerd, { turnId, after, leaveAfterMs }: Following) {
  const path = `/sessions/${fixture.sessionId}/turns/${turnId}/events`;
  const headers = after === undefined ? {} : { "Last-Event-ID": after };
  const client = fixture.user.open(worker.url, "GET", path, { headers });
  const timer = leaveAfterMs === null ? undefined : setTimeout(client.reset, leaveAfterMs);
  let text = "";
  let status = 0;
  try {
    const response = await client.response;
    status = response.statusCode ?? 0;
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
  } catch {
    // It has left.
  } finally {
    clearTimeout(timer);
  }
  return { status, frames: readFrames(text) };
}

/** Whole frames only: what a cut left of the last one comes again. */
function readFrames(text: string): Frame[] {
  const whole = text.slice(0, text.lastIndexOf("\n\n") + 2);
  return [...whole.matchAll(/^id: (.+)\ndata: (.+)$/gm)].map(([, id = "", data = ""]) => ({
    id,
    event: JSON.parse(data),
  }));
}
