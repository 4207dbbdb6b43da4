import { randomUUID } from "node:crypto";
import { checkSession } from "../checks/session.ts";
import { readStoredRun } from "../checks/stored-run.ts";
import type { Scenario } from "../scenario.ts";
import { prepareTurn, testedModes } from "./pending-turn.ts";
import { isLeased, waitUntilReleased } from "./released-claim.ts";
import { createRoundLog, isWhole } from "./round-log.ts";
import { answers, picks } from "./script.ts";

const gate = "held until the run is released";
/** A run goes on for 25 s without its client, then releases its claim. */
const maxMsAlone = 30_000;

/** A client leaves, and its turn takes longer than 25 s: the holder stores what it has and releases its claim. */
export const longGoneClients: Scenario = {
  name: "long-gone-clients",
  rounds: { short: 0, long: 6 },
  lanes: 6,
  async runRound(round) {
    const { testbed, random, index } = round;
    const mode = testedModes[index % testedModes.length] ?? "manual";
    const worker = await testbed.takeWorker();
    const { fixture, order, request } = await prepareTurn(round, worker, { mode });
    const slow = answers(order.at(-1) ?? "", { hold: gate }, 1);
    fixture.models.follow({ rules: [picks(order), slow, ...order.map((key) => answers(key))] });
    const key = randomUUID();
    const accept = random.pick(["application/json", "text/event-stream"]);
    const roundLog = createRoundLog();

    const client = fixture.openPost(worker, { request, key, accept });
    const left = client.readAll().catch(() => "left");
    const calls = order.length + (mode === "orchestrator" ? 1 : 0);
    await fixture.models.journal.waitFor({ calls, settled: calls - 1, timeoutMs: maxMsAlone });
    client.reset();
    await left;
    roundLog.count("s alone", Math.round((await waitUntilReleased(fixture, maxMsAlone)) / 1_000));
    if (await isLeased(fixture))
      roundLog.violations.push("the claim is still held 30 s after the client left");
    const stored = await readStoredRun(testbed, fixture);
    const answer = await fixture.post(worker, { request, key });
    roundLog.expect("the same request", answer, isWhole(answer));
    roundLog.violations.push(...stored.paidTwice());
    const asked = fixture.models.journal.entries.length - calls;
    if (asked !== 1) roundLog.violations.push(`${asked} calls for the one answer that was not stored`);
    roundLog.readLog(worker);
    testbed.giveBack(worker);
    return checkSession(testbed, fixture, mode, roundLog);
  },
};
