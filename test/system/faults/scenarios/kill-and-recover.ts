import { randomUUID } from "node:crypto";
import type { ModelRule } from "../../../support/node/model-script.ts";
import type { Workerd } from "../testbed/workerd.ts";
import type { ArmedStep } from "./armed-step.ts";
import type { PendingTurn } from "./pending-turn.ts";
import { recoverRun } from "./recovery.ts";
import { createRoundLog, type RoundLog } from "./round-log.ts";

/**
 * Posts a turn, kills its Worker at the armed step, and recovers the run. `script` gives the rules by which models
 * answer, for each holder anew.
 */
export async function killAndRecover(
  pending: PendingTurn,
  worker: Workerd,
  armed: ArmedStep,
  script: () => readonly ModelRule[],
): Promise<RoundLog> {
  const { fixture, random } = pending;
  fixture.models.follow({ rules: [...armed.rules, ...script()] });
  const key = random.chance(0.8) ? randomUUID() : undefined;
  const posted = pending.send(worker, key);
  const isReached = await Promise.race([armed.reached.then(() => true), posted.then(() => false)]);
  await worker.kill();
  fixture.models.follow({ rules: [...script()] });
  armed.release({ dropped: true });
  const roundLog = createRoundLog();
  roundLog.count("kills");
  if (!isReached) roundLog.count("too late");
  if (pending.isRetry) roundLog.count("of a retry");
  await recoverRun(pending, { key, answer: await posted }, roundLog);
  return roundLog;
}
