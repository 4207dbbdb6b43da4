import { reportLateSpend } from "../db/turn/late-spend.ts";
import { buildLedger } from "../db/turn/ledger-record.ts";
import type { Deps } from "../deps.ts";
import { PantheonError } from "../domain/errors.ts";
import { turnConflictDetail } from "../domain/turn/claim-verdict.ts";
import type { StepRows } from "../runtime/checkpoint/checkpoint-rows.ts";
import type { OpenedRun } from "./finish-run.ts";
import type { HeldRun } from "./hold-run.ts";

/**
 * Ends the part of a holder whose run was stopped before its end: its client is gone, or its lease may be. It
 * stores what it has and lets its lease run out, unless it was replaced. What it spent goes on the books.
 * @returns what the client, if it is still there, is to be told.
 */
export async function stopRun(
  deps: Deps,
  run: OpenedRun,
  held: HeldRun,
  unstored: StepRows,
): Promise<PantheonError> {
  const verdict = await held.giveUp(unstored);
  if (verdict === "lost") return loseRun(deps, run, held);
  const isClientGone = held.lease.isGivenUp();
  run.log.warn("run_given_up", {
    run_id: run.claim.runId,
    reason: isClientGone ? "client_gone" : "lease_not_renewed",
    stored: verdict === "stored",
  });
  await reportSpend(deps, run, held);
  return isClientGone
    ? new PantheonError("turn_in_progress", "The turn is not finished. The same request goes on with it.")
    : new PantheonError("turn_conflict", turnConflictDetail);
}

/** A holder that was replaced writes nothing into the turn, but what it spent. */
export async function loseRun(
  deps: Deps,
  run: OpenedRun,
  held: HeldRun,
  cause?: PantheonError,
): Promise<PantheonError> {
  run.log.error("turn_not_committed", { run_id: run.claim.runId, code: cause?.code ?? "lease_lost" });
  await reportSpend(deps, run, held);
  return cause ?? new PantheonError("turn_conflict", turnConflictDetail);
}

async function reportSpend(deps: Deps, run: OpenedRun, held: HeldRun): Promise<void> {
  const { claim, userId, openedAt: createdAt, log } = run;
  const { catalog } = deps;
  const ledger = buildLedger({ claim, userId, catalog, finishedAt: deps.now() }, held.spent);
  await reportLateSpend(deps.db, { claim, ledger, createdAt }, catalog).catch(() => {
    log.error("late_spend_lost", { ledger_ids: ledger.map(({ id }) => id) });
  });
}
