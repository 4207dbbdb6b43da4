import { type ErrorCode, PantheonError } from "../errors.ts";

/** `waiting`: its turn has not started. The other two are kept for a while, so that they can be asked for. */
export const queuedStatuses = ["waiting", "refused", "cancelled"] as const;

export type QueuedStatus = (typeof queuedStatuses)[number];

/** How many turns may wait in one session. */
export const maxWaiting = 10;

/** How long the end of an entry whose turn was not started is kept. */
export const endedEntryDays = 7;

/** Why an entry's turn was not started: what a problem document has, but for the request's id. */
export type StoredProblem = { code: ErrorCode; detail: string; members: Record<string, unknown> };

/** An entry of a session's queue, as a request finds it. */
export type QueuedEntry = {
  /** Id of the turn, and of its first run. */
  turnId: string;
  idempotencyKey: string | null;
  requestHash: string;
  status: QueuedStatus;
  problem: StoredProblem | null;
};

/** A turn that is not stored. */
export type PendingTurn = {
  id: string;
  sessionId: string;
  status: "queued" | "running" | "refused" | "cancelled";
  /** Null: the turn has not started. */
  turnIndex: number | null;
  /** Its place among those that wait, from 1; null: it does not wait. */
  position: number | null;
  problem: StoredProblem | null;
};

export function toStoredProblem({ code, message, extras }: PantheonError): StoredProblem {
  return { code, detail: message, members: extras.members ?? {} };
}

/** The error of an entry whose turn was not started. */
export function endedEntryError({ turnId, problem }: Pick<QueuedEntry, "turnId" | "problem">): PantheonError {
  const turn = { turn_id: turnId };
  if (problem === null) {
    const detail = "The turn was cancelled before it started.";
    return new PantheonError("turn_cancelled", detail, { members: turn });
  }
  return new PantheonError(problem.code, problem.detail, { members: { ...problem.members, ...turn } });
}
