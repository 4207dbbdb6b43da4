import { and, asc, eq, inArray, type SQL, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { turnClaims, turnContextAudit, turns } from "../schema.ts";
import type { AuditRow, StoredTurn } from "./stored-turn.ts";
import {
  completeTurn,
  firstSeq,
  isShared,
  selectLedger,
  selectMessages,
  selectToolEvents,
  selectTurns,
} from "./turn-rows.ts";

export type RunningTurn = { id: string; sessionId: string; turnIndex: number };

export type TurnFindings = {
  sessionFound: boolean;
  stored: (StoredTurn & { audits: AuditRow[] }) | undefined;
  running: RunningTurn | undefined;
};

export type SessionOfUser = { sessionId: string; userId: string };

/** Reads one turn of the user's session, stored or under way, in one batch. */
export async function loadTurn(db: Db, of: SessionOfUser, turnId: string): Promise<TurnFindings> {
  const isIt = and(eq(turns.id, turnId), isTurnOf(of));
  const ids = sql`(select ${turns.id} from ${turns} where ${isIt})`;
  const [owned, [turn], messageRows, ledger, toolEvents, audits, [running]] = await askDatabase(db, () =>
    db.batch([
      selectOwnership(db, of),
      selectTurns(db, isIt),
      selectMessages(db, ids, { only: isShared }),
      selectLedger(db, ids),
      selectToolEvents(db, ids),
      db
        .select()
        .from(turnContextAudit)
        .where(inArray(turnContextAudit.turnId, ids))
        .orderBy(asc(firstSeq(turnContextAudit)), asc(turnContextAudit.runId), asc(turnContextAudit.id)),
      db
        .select({ id: turnClaims.turnId, sessionId: turnClaims.sessionId, turnIndex: turnClaims.turnIndex })
        .from(turnClaims)
        .where(
          and(
            eq(turnClaims.turnId, turnId),
            eq(turnClaims.sessionId, of.sessionId),
            ownsSession(of.sessionId, of.userId),
          ),
        ),
    ]),
  );
  return {
    sessionFound: owned.rows[0]?.owned === true,
    stored: turn && {
      turn: completeTurn(turn, messageRows),
      messages: messageRows,
      ledger,
      toolEvents,
      audits,
    },
    running,
  };
}

export function selectOwnership(db: Db, { sessionId, userId }: SessionOfUser) {
  return db.execute<{ owned: boolean }>(sql`select ${ownsSession(sessionId, userId)} as owned`);
}

/** The turn is of the session, and the session the user's. */
export function isTurnOf({ sessionId, userId }: SessionOfUser): SQL | undefined {
  return and(eq(turns.sessionId, sessionId), ownsSession(sessionId, userId));
}
