import { and, eq, lt, or, sql } from "drizzle-orm";
import {
  readWithTexts,
  type StoredCheckpoint,
  selectCheckpointOfClaim,
} from "../checkpoint/stored-checkpoints.ts";
import { askDatabase, type Db, repeatLost } from "../core/client.ts";
import { messages, rooms, sessions, turnClaims, turns } from "../schema.ts";
import { lockSession } from "./claim-statements.ts";
import type { ClaimRow, StoredTurn } from "./stored-turn.ts";
import { takeOver } from "./take-claim.ts";
import { selectLedger, selectMessages, selectToolEvents } from "./turns.ts";

export type RunKey = { sessionId: string; runId: string };

/** What recovery read for a run whose holder is gone: all that its record needs, and nothing for prompts. */
export type AbandonedTurn = {
  claim: ClaimRow;
  /** The turn as it stands, where the run is a retry. */
  retried: StoredTurn | null;
  /** Highest `seq` of the session's messages, 0 where there is none. */
  lastSeq: number;
  /** The latest checkpoint of the run; undefined: it has none. */
  checkpoint: StoredCheckpoint | undefined;
  /** Owner of the session's room, who pays for the run. */
  userId: string;
};

/**
 * Takes over a run whose lease has run out, by compare-and-swap, and reads what its record needs; also where
 * its session or room was deleted meanwhile. Undefined: another holder was faster, or its holder lives.
 */
export async function takeOverRun(
  db: Db,
  { sessionId, runId }: RunKey,
  holder: string,
  leaseMs: number,
): Promise<AbandonedTurn | undefined> {
  const isHeld = and(
    eq(turnClaims.sessionId, sessionId),
    eq(turnClaims.runId, runId),
    eq(turnClaims.holder, holder),
  );
  const turnId = sql`(select ${turnClaims.turnId} from ${turnClaims} where ${isHeld})`;
  const result = await readWithTexts((texts) =>
    repeatLost(db, () =>
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
        selectCheckpointOfClaim(db, { sessionId, holder }, texts),
        db.select().from(turns).where(eq(turns.id, turnId)),
        selectMessages(db, turnId),
        selectLedger(db, turnId),
        selectToolEvents(db, turnId),
      ]),
    ),
  );
  const [, , [claim], [owner], [last], [checkpoint], [turn], messageRows, ledger, toolEvents] = result;
  if (claim === undefined || owner === undefined) return undefined;
  return {
    claim,
    retried:
      claim.kind === "turn" || turn === undefined
        ? null
        : { turn, messages: messageRows, ledger, toolEvents },
    lastSeq: last?.seq ?? 0,
    checkpoint,
    userId: owner.userId,
  };
}

/** Runs without a holder: unkeyed ones at once, keyed ones after the window in which their client may return. */
export function loadAbandonedRuns(db: Db, resumeWindowMs: number, limit: number): Promise<RunKey[]> {
  return askDatabase(db, () =>
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
