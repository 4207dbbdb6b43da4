import { openTurn } from "../db/turn/open-turn.ts";
import { loadQueueHead, type QueueHead, refuseEntry } from "../db/turn/session-queue.ts";
import type { Deps } from "../deps.ts";
import { requireKnownModel } from "../domain/catalog.ts";
import { nameOfError } from "../domain/error-name.ts";
import { type ErrorCode, internalErrorDetail, notFound, PantheonError } from "../domain/errors.ts";
import type { Log } from "../domain/log.ts";
import { decideOpen } from "../domain/turn/open-decision.ts";
import { toStoredProblem } from "../domain/turn/queued-turn.ts";
import { describeOpen } from "./open.ts";
import { prepareRun } from "./plan.ts";
import type { Run, RunRequest } from "./run.ts";

/** What came of the attempt to start the first turn that waits. */
export type StartAttempt =
  | { kind: "started"; run: Run }
  /** Nothing waits. */
  | { kind: "empty" }
  /** The turn was refused, or is not the first any more: the next attempt finds another. */
  | { kind: "next" }
  /** The session's run has lost its holder. It is recovered first. */
  | { kind: "recover"; runId: string }
  /**
   * The turn goes on waiting: another run is live, or what the turn needs is not there at the moment. `waitMs`: how long,
   * likely; null: that is not known.
   */
  | { kind: "later"; waitMs: number | null };

/** Refusals that may be over soon: the turn goes on waiting. */
const temporary: readonly ErrorCode[] = ["budget_in_use", "database_unavailable"];

/**
 * Starts the first turn that waits in a session's queue: takes the claim and plans the run, with the mode, roster, prices
 * and budgets of this moment. A turn that is refused is kept with its problem.
 */
export async function startNext(deps: Deps, sessionId: string, log: Log): Promise<StartAttempt> {
  const head = await loadQueueHead(deps.db, sessionId);
  if (head === null) return { kind: "empty" };
  const logged = log.with({ run_id: head.turnId });
  try {
    return await startHead(deps, sessionId, head, logged);
  } catch (error) {
    const refusal = error instanceof PantheonError ? error : toInternalError(error, logged);
    if (temporary.includes(refusal.code)) return { kind: "later", waitMs: null };
    logged.info("queued_turn_refused", { turn_id: head.turnId, code: refusal.code });
    // Where the claim was taken before, its release has stored the problem, and this changes nothing.
    await refuseEntry(deps.db, { sessionId, turnId: head.turnId }, toStoredProblem(refusal));
    return { kind: "next" };
  }
}

async function startHead(deps: Deps, sessionId: string, head: QueueHead, log: Log): Promise<StartAttempt> {
  const startedMs = deps.nowMs();
  const request = toRequest(deps, sessionId, head, log);
  const { modelAliasOverride } = head.request;
  if (modelAliasOverride !== undefined) requireKnownModel(deps.catalog, modelAliasOverride);
  const open = await describeOpen(deps, request, head);
  const sentMs = deps.nowMs();
  const rows = await openTurn(deps.db, open);
  if (rows.opened !== undefined) {
    const start = { startedMs, sentMs, openMs: deps.nowMs() - startedMs };
    return { kind: "started", run: await prepareRun(deps, { start, request, turn: rows.opened }) };
  }
  const [first] = rows.queue;
  if (first?.turnId !== head.turnId) return { kind: "next" };
  // The other turns that wait come after this one: they do not make the session busy for it.
  const decision = decideOpen({ ...rows, queue: [] }, open);
  switch (decision.kind) {
    case "busy":
      return { kind: "later", waitMs: decision.waitMs };
    case "recover":
      return { kind: "recover", runId: decision.runId };
    case "unaffordable":
      throw decision.error;
    case "not_taken":
      throw notFound();
    case "claimed":
    case "replay":
    case "join":
    case "queued":
      return { kind: "next" };
  }
}

/** The request, made from its entry: the client that sent it need not be connected any more. */
function toRequest({ newId }: Deps, sessionId: string, head: QueueHead, log: Log): RunRequest {
  return {
    kind: "turn",
    user: { userId: head.userId, email: null },
    sessionId,
    idempotencyKey: head.idempotencyKey,
    requestId: newId(),
    log,
    request: head.request,
  };
}

/** A turn that an error of the program stops is refused: the turns after it must not wait for ever. */
function toInternalError(error: unknown, log: Log): PantheonError {
  log.error("request_failed", { code: "internal_error", error: nameOfError(error) });
  return new PantheonError("internal_error", internalErrorDetail);
}
