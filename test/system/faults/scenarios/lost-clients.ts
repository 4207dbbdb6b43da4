import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { judgeScene } from "../judge/scene.ts";
import type { Scenario } from "../scenario.ts";
import type { Answer } from "../testbed/user.ts";
import type { Workerd } from "../testbed/workerd.ts";
import { createProtocol, isWhole } from "./protocol.ts";
import { answers, picks } from "./script.ts";
import { type Stage, setStage, stagedModes } from "./stage.ts";

/** Clients go away in the middle of a stream, at any point, and come back with their key. */
export const lostClients: Scenario = {
  name: "lost-clients",
  rounds: { short: 2, long: 100 },
  lanes: 2,
  async play(round) {
    const { testbed, random, index } = round;
    const mode = stagedModes[index % stagedModes.length] ?? "manual";
    const worker = await testbed.takeWorker();
    const stage = await setStage(round, worker, { mode });
    const { scene, order, request } = stage;
    const slowly = order.map((key) => answers(key, { delta_delay_ms: random.between(1, 5) }));
    scene.models.follow({ rules: [picks(order), ...slowly] });
    const key = randomUUID();
    const protocol = createProtocol();

    protocol.count(await leaveStream(stage, worker, key));
    const { answer, tries } = await comeBack(stage, worker, key);
    protocol.count("came back too early", tries - 1);
    protocol.count(answer.headers.get("Idempotency-Replayed") === "true" ? "stored" : "resumed");
    protocol.expect("the same request", answer, isWhole(answer));
    const planned = scene.models.journal.entries.length;
    const again = await scene.post(worker, { request, key });
    protocol.expect("the same request once more", again, again.body?.id === answer.body?.id);
    if (scene.models.journal.entries.length !== planned) protocol.violations.push("a replay asked a model");
    protocol.readLog(worker);
    testbed.giveBack(worker);
    return judgeScene(testbed, scene, mode, protocol);
  },
};

/** Opens a stream and leaves it: before its headers, after so many bytes, or at its end. Gives which. */
async function leaveStream({ scene, random, request }: Stage, worker: Workerd, key: string): Promise<string> {
  const client = scene.openPost(worker, { request, key, accept: "text/event-stream" });
  const mostBytes = random.between(0, 12_000);
  const leavesAtOnce = random.chance(0.2);
  const timer = leavesAtOnce ? setTimeout(client.reset, random.between(1, 15)) : undefined;
  try {
    let bytes = 0;
    for await (const chunk of await client.response) {
      bytes += chunk.length;
      if (bytes <= mostBytes) continue;
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

const patienceMs = 60_000;
const pauseMs = 20;

/** Repeats the request until it is not refused any more as still under way. */
async function comeBack({ scene, request }: Stage, worker: Workerd, key: string) {
  const giveUpAtMs = Date.now() + patienceMs;
  for (let tries = 1; ; tries += 1) {
    const answer: Answer = await scene.post(worker, { request, key });
    if (answer.body?.code !== "turn_in_progress" || Date.now() > giveUpAtMs) return { answer, tries };
    await delay(pauseMs);
  }
}
