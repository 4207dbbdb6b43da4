import { randomUUID } from "node:crypto";
import { judgeScene } from "../judge/scene.ts";
import { lookAtStoredRun } from "../judge/stored-run.ts";
import type { Scenario } from "../scenario.ts";
import { isHeld, untilGivenUp } from "./given-up.ts";
import { createProtocol, isWhole } from "./protocol.ts";
import { answers, picks } from "./script.ts";
import { setStage, stagedModes } from "./stage.ts";

const gate = "held until its client is forgotten";
/** A run goes on for 25 s without its client, and has left its claim when Workers would end it. */
const mostMsAlone = 30_000;

/** A client leaves, and its turn takes longer than it may take alone: it stores what it has and lets go. */
export const longGoneClients: Scenario = {
  name: "long-gone-clients",
  rounds: { short: 0, long: 6 },
  lanes: 6,
  async play(round) {
    const { testbed, random, index } = round;
    const mode = stagedModes[index % stagedModes.length] ?? "manual";
    const worker = await testbed.takeWorker();
    const { scene, order, request } = await setStage(round, worker, { mode });
    const slow = answers(order.at(-1) ?? "", { hold: gate }, 1);
    scene.models.follow({ rules: [picks(order), slow, ...order.map((key) => answers(key))] });
    const key = randomUUID();
    const accept = random.pick(["application/json", "text/event-stream"]);
    const protocol = createProtocol();

    const client = scene.openPost(worker, { request, key, accept });
    const left = client.readAll().catch(() => "left");
    const calls = order.length + (mode === "orchestrator" ? 1 : 0);
    await scene.models.journal.waitFor({ calls, settled: calls - 1, timeoutMs: mostMsAlone });
    client.reset();
    await left;
    protocol.count("s alone", Math.round((await untilGivenUp(scene, mostMsAlone)) / 1_000));
    if (await isHeld(scene)) protocol.violations.push("still held 30 s after its client left");
    const stored = await lookAtStoredRun(testbed, scene);
    const answer = await scene.post(worker, { request, key });
    protocol.expect("the same request", answer, isWhole(answer));
    protocol.violations.push(...stored.paidTwice());
    const asked = scene.models.journal.entries.length - calls;
    if (asked !== 1) protocol.violations.push(`${asked} calls for the one answer that was not stored`);
    protocol.readLog(worker);
    testbed.giveBack(worker);
    return judgeScene(testbed, scene, mode, protocol);
  },
};
