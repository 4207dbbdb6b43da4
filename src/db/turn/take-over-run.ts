import { and, type Column, eq, isNull, or, sql } from "drizzle-orm";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import { readWithTexts, type Texts } from "../checkpoint/stored-checkpoints.ts";
import { askDatabase, type Db, repeatIfLost } from "../core/client.ts";
import { rooms, sessions, turnClaims, turnRuns, turns } from "../schema.ts";
import { lockSession } from "./claim-statements.ts";
import { selectHeldClaim } from "./held-claim.ts";
import type { ClaimRow, StoredTurn } from "./stored-turn.ts";
import { isNewHolder, takeOver } from "./take-claim.ts";
import {
  completeTurn,
  retriedTurnBounds,
  selectLedger,
  selectMessages,
  selectToolEvents,
  selectTurns,
} from "./turn-rows.ts";

export type RunKey = { sessionId: string; runId: string };

/** What settling reads of a run whose holder is gone: what its record needs, and nothing for prompts. */
export type AbandonedTurn = {
  claim: ClaimRow;
  /** The stored turn, where the run is a retry. */
  retried: StoredTurn | null;
  /** Highest `seq` of the session's messages, 0 where there is none. */
  lastSeq: number;
  /** The latest checkpoint of the run; undefined: it has none. */
  checkpoint: StoredCheckpoint | undefined;
  /** Owner of the session's room, who pays for the run. */
  userId: string;
};

/** `not_free`: another holder took the run over first, or its holder renewed the lease. */
export type Takeover =
  | { kind: "taken"; turn: AbandonedTurn }
  | { kind: "claim_deleted" }
  | { kind: "not_free" };

/** `replaced`: the holder of a cancelled run, which is replaced whatever its lease; null: only where the lease has run out. */
export type TakeoverRequest = RunKey & { holder: string; leaseMs: number; replaced: string | null };

/**
 * Takes over a run whose lease has run out or which was cancelled, by compare-and-swap, and reads what its record needs.
 * This works also where the session or room was deleted meanwhile. A claim for a run that is already stored is deleted:
 * nothing is left to do.
 */
export async function takeOverRun(db: Db, request: TakeoverRequest): Promise<Takeover> {
  const result = await readWithTexts((texts) =>
    repeatIfLost(db, () => db.batch(takeoverStatements(db, request, texts))),
  );
  const [, deleted, , [held], [owner], [turn], messageRows, ledger, toolEvents] = result;
  if ((deleted.rowCount ?? 0) > 0) return { kind: "claim_deleted" };
  if (held === undefined || owner === undefined) return { kind: "not_free" };
  const { claim, lastSeq, checkpoint } = held;
  const isRetry = claim.kind === "retry" && turn !== undefined;
  return {
    kind: "taken",
    turn: {
      claim,
      retried: isRetry
        ? { turn: completeTurn(turn, messageRows), messages: messageRows, ledger, toolEvents }
        : null,
      lastSeq,
      checkpoint: checkpoint ?? undefined,
      userId: owner.userId,
    },
  };
}

function takeoverStatements(db: Db, request: TakeoverRequest, texts: Texts) {
  const { sessionId, runId, holder, leaseMs, replaced } = request;
  const newHolder = sql`${holder}::uuid`;
  const isTaken = and(
    eq(turnClaims.sessionId, sessionId),
    eq(turnClaims.runId, runId),
    eq(turnClaims.holder, holder),
  );
  const turnId = sql`(select ${turnClaims.turnId} from ${turnClaims} where ${isTaken})`;
  return [
    lockSession(sessionId),
    db.execute(sql`delete from ${turnClaims} where session_id = ${sessionId} and run_id = ${runId}
      and exists (select 1 from ${turnRuns} u where u.id = turn_claims.run_id)`),
    db.execute(sql`update ${turnClaims} set ${takeOver(newHolder, leaseMs)}
      where turn_claims.session_id = ${sessionId} and turn_claims.run_id = ${runId}
        and (turn_claims.lease_until <= clock_timestamp()
          or (turn_claims.cancelled_at is not null and turn_claims.holder = ${replaced}::uuid))
        and ${isNewHolder(newHolder)}`),
    selectHeldClaim({ sessionId, holder }, texts),
    db
      .select({ userId: rooms.ownerUserId })
      .from(sessions)
      .innerJoin(rooms, eq(rooms.id, sessions.roomId))
      .where(eq(sessions.id, sessionId)),
    selectTurns(db, eq(turns.id, turnId)),
    selectMessages(db, turnId, { bounds: retriedTurnBounds }),
    selectLedger(db, turnId),
    selectToolEvents(db, turnId, retriedTurnBounds),
  ] as const;
}

export type AbandonedRun = RunKey & { holder: string; isCancelled: boolean };

/** A cancelled run ends in less time, unless who cancelled it and its host are gone. */
const maxCancelMs = 5_000;

/**
 * Runs whose lease has run out: without a key, or from a queue, at once; with a key after the time in which their client may come back. And
 * runs that were cancelled and have not ended since.
 */
export function loadAbandonedRuns(db: Db, resumeWindowMs: number, limit: number): Promise<AbandonedRun[]> {
  const { leaseUntil, cancelledAt, idempotencyKey, wasQueued } = turnClaims;
  const isBefore = (column: Column, ms: number) =>
    sql`${column} < clock_timestamp() - ${ms} * interval '1 millisecond'`;
  return askDatabase(db, () =>
    db
      .select({
        sessionId: turnClaims.sessionId,
        runId: turnClaims.runId,
        holder: turnClaims.holder,
        isCancelled: sql<boolean>`${cancelledAt} is not null`,
      })
      .from(turnClaims)
      .where(
        or(
          isBefore(leaseUntil, resumeWindowMs),
          and(or(isNull(idempotencyKey), eq(wasQueued, true)), isBefore(leaseUntil, 0)),
          isBefore(cancelledAt, maxCancelMs),
        ),
      )
      .orderBy(turnClaims.leaseUntil)
      .limit(limit),
  );
}
