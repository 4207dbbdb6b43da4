import { isCommittedBy } from "../db/turn/commit-turn.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import type { StepRows } from "../runtime/checkpoint/checkpoint-rows.ts";
import type { OpenedRun } from "./finish-run.ts";
import type { HeldRun } from "./hold-run.ts";
import { loseRun } from "./stop-run.ts";

export type FailedCommit = { lastStep: StepRows; error: unknown; onRequest: () => void };

/**
 * What is left to do where a commit failed: its answers are stored by themselves, without a lease, so that the
 * same request goes on from there at once and asks no model again.
 * Returns only where the commit turns out to have been stored after all. `onRequest` is told of every request.
 * @throws PantheonError `turn_conflict` where the claim was lost, else `commit_failed`.
 */
export async function saveAnswers(
  deps: Deps,
  run: OpenedRun,
  held: HeldRun,
  { lastStep, error, onRequest }: FailedCommit,
): Promise<void> {
  const { claim, log } = run;
  if (error instanceof PantheonError && error.code === "turn_conflict") {
    throw await loseRun(deps, run, held, error);
  }
  const verdict = await held.giveUp(lastStep, { onRequest });
  if (verdict === "lost") {
    if (await isCommittedBy(deps.db, claim, onRequest)) return;
    throw await loseRun(deps, run, held);
  }
  if (verdict === "failed") deps.keepAlive(saveLater(deps, run, held, lastStep));
  log.error("turn_not_committed", {
    ...{ run_id: claim.runId, code: "commit_failed", answers_stored: verdict === "stored" },
  });
  throw new PantheonError(
    "commit_failed",
    "The turn could not be stored. Please retry.",
    {},
    { cause: error },
  );
}

/** As long as a Worker lives on after its answer, with a margin: 30 s. */
const lastPausesMs = [1_000, 2_000, 4_000, 8_000, 8_000];

/** Its client was told; but what steps could not store while the database was away nobody could even estimate. */
async function saveLater(deps: Deps, run: OpenedRun, held: HeldRun, lastStep: StepRows): Promise<void> {
  const { claim, log } = run;
  try {
    const verdict = await held.giveUp(lastStep, { pausesMs: lastPausesMs });
    if (verdict === "failed") log.error("answers_lost", { run_id: claim.runId });
    if (verdict !== "lost" || (await isCommittedBy(deps.db, claim, () => undefined))) return;
    await loseRun(deps, run, held);
  } catch (error) {
    log.error("answers_lost", {
      run_id: claim.runId,
      error: error instanceof Error ? error.name : "unknown",
    });
  }
}
