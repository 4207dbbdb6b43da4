import { and, eq, lt, or, sql } from "drizzle-orm";
import { selectCheckpointOfClaim } from "../checkpoint/stored-checkpoints.ts";
import { askDatabase, type Db, repeatLost } from "../core/client.ts";
import { messages, rooms, sessions, turnClaims, turns } from "../schema.ts";
import { lockSession } from "./claim-statements.ts";
import type { OpenedClaim } from "./open-turn.ts";
import type { StoredTurn } from "./stored-turn.ts";
import { takeOver } from "./take-claim.ts";
import {
  completeTurn,
  retriedTurnBounds,
  selectLedger,
  selectMessages,
  selectToolEvents,
  selectTurns,
} from "./turn-rows.ts";

export type DeadRun = { sessionId: string; runId: string };

export type TakenRun = {
  claim: OpenedClaim;
  /** Owner of the session's room, whose books the run is on. */
  userId: string;
  /** The turn as it stands, where the run is a retry. */
  stored: StoredTurn | null;
};

/**
 * Takes over a run whose lease has run out, by compare-and-swap, and reads what settling it needs; also where
 * its session or room was deleted meanwhile. Undefined: somebody else was faster, or it is alive.
 */
export async function takeOverRun(
  db: Db,
  { sessionId, runId }: DeadRun,
  holder: string,
  leaseMs: number,
): Promise<TakenRun | undefined> {
  const isHeld = and(
    eq(turnClaims.sessionId, sessionId),
    eq(turnClaims.runId, runId),
    eq(turnClaims.holder, holder),
  );
  const turnId = sql`(select ${turnClaims.turnId} from ${turnClaims} where ${isHeld})`;
  const { result } = await repeatLost(() =>
    db.batch([
      lockSession(sessionId),
      db.execute(sql`update ${turnClaims} set ${takeOver(sql`${holder}::uuid`, leaseMs)}
        where turn_claims.session_id = ${sessionId} and turn_claims.run_id = ${runId}
          and turn_claims.lease_until <= clock_timestamp()`),
      db.select().from(turnClaims).where(isHeld),
      db
        .select({ userId: rooms.ownerUserId })
        .from(sessions)
        .innerJoin(rooms, eq(rooms.id, sessions.roomId))
        .where(eq(sessions.id, sessionId)),
      db
        .select({ seq: sql<number>`coalesce(max(${messages.seq}), 0)::int` })
        .from(messages)
        .where(eq(messages.sessionId, sessionId)),
      selectCheckpointOfClaim(db, { sessionId, holder }),
      selectTurns(db, eq(turns.id, turnId)),
      selectMessages(db, turnId, { bounds: retriedTurnBounds }),
      selectLedger(db, turnId),
      selectToolEvents(db, turnId, retriedTurnBounds),
    ]),
  );
  const [, , [claim], [owner], [last], [checkpoint], [turn], messageRows, ledger, toolEvents] = result;
  if (claim === undefined || owner === undefined) return undefined;
  return {
    claim: {
      ...claim,
      ...{ lastSeq: last?.seq ?? 0, checkpoint, summary: undefined },
      ...{ window: { newest: [], oldest: [] }, tokenScales: new Map() },
    },
    userId: owner.userId,
    stored:
      turn === undefined
        ? null
        : { turn: completeTurn(turn, messageRows), messages: messageRows, ledger, toolEvents },
  };
}

/** Runs that nobody holds: unkeyed ones at once, keyed ones after the window in which their client may return. */
export function loadDeadRuns(db: Db, resumeWindowMs: number, limit: number): Promise<DeadRun[]> {
  return askDatabase(() =>
    db
      .select({ sessionId: turnClaims.sessionId, runId: turnClaims.runId })
      .from(turnClaims)
      .where(
        and(
          lt(turnClaims.leaseUntil, sql`clock_timestamp()`),
          or(
            sql`${turnClaims.idempotencyKey} is null`,
            lt(turnClaims.leaseUntil, sql`clock_timestamp() - ${resumeWindowMs} * interval '1 millisecond'`),
          ),
        ),
      )
      .orderBy(turnClaims.leaseUntil)
      .limit(limit),
  );
}
