import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { checkSession } from "../checks/session.ts";
import type { Scenario } from "../scenario.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { type PendingTurn, prepareTurn, testedModes } from "./pending-turn.ts";
import { createRoundLog, isWhole } from "./round-log.ts";
import { answers, picks } from "./script.ts";

/** Clients leave a stream at a random moment and return with their key. */
export const lostClients: Scenario = {
  name: "lost-clients",
  rounds: { short: 2, long: 100 },
  lanes: 2,
  async runRound(round) {
    const { testbed, random, index } = round;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const worker = await testbed.takeWorker();
    const pending = await prepareTurn(round, worker, { mode });
    const { fixture, order, request } = pending;
    const slowly = order.map((key) => answers(key, { delta_delay_ms: random.between(1, 5) }));
    fixture.models.follow({ rules: [picks(order), ...slowly] });
    const key = randomUUID();
    const roundLog = createRoundLog();

    roundLog.count(await leaveStream(pending, worker, key));
    const { answer, tries } = await comeBack(pending, worker, key);
    roundLog.count("came back too early", tries - 1);
    roundLog.count(answer.headers.get("Idempotency-Replayed") === "true" ? "stored" : "resumed");
    roundLog.expect("the same request", answer, isWhole(answer));
    const planned = fixture.models.journal.entries.length;
    const again = await fixture.post(worker, { request, key });
    roundLog.expect("the same request once more", again, again.body?.id === answer.body?.id);
    if (fixture.models.journal.entries.length !== planned) roundLog.violations.push("a replay asked a model");
    roundLog.readLog(worker);
    testbed.giveBack(worker);
    return checkSession(testbed, fixture, mode, roundLog);
  },
};

/** Opens a stream and leaves it before its headers, after some bytes, or at its end. Returns which. */
async function leaveStream(
  { fixture, random, request }: PendingTurn,
  worker: Workerd,
  key: string,
): Promise<string> {
  const client = fixture.openStream(worker, { request, key });
  const maxBytes = random.between(0, 12_000);
  const leavesAtOnce = random.chance(0.2);
  const timer = leavesAtOnce ? setTimeout(client.reset, random.between(1, 15)) : undefined;
  try {
    let bytes = 0;
    for await (const chunk of await client.response) {
      bytes += chunk.length;
      if (bytes <= maxBytes) continue;
      return "left in the middle";
    }
    return "stayed to the end";
  } catch {
    return "left early";
  } finally {
    clearTimeout(timer);
    client.reset();
  }
}

const maxWaitMs = 60_000;
const pauseMs = 20;

/** Repeats the request until it is no longer refused as in progress. */
async function comeBack({ fixture, request }: PendingTurn, worker: Workerd, key: string) {
  const deadlineMs = Date.now() + maxWaitMs;
  for (let tries = 1; ; tries += 1) {
    const answer: Answer = await fixture.post(worker, { request, key });
    if (answer.body?.code !== "turn_in_progress" || Date.now() > deadlineMs) return { answer, tries };
    await delay(pauseMs);
  }
}
