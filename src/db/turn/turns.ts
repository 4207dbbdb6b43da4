import { and, asc, eq, inArray, type SQL, sql } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import type { PendingTurn } from "../../domain/turn/queued-turn.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { turnContextAudit, turns } from "../schema.ts";
import { readPending, selectPending } from "./pending-turn.ts";
import type { AuditRow, StoredTurn } from "./stored-turn.ts";
import {
  completeTurn,
  firstSeq,
  isShared,
  readTurnCredits,
  selectLedger,
  selectMessages,
  selectToolEvents,
  selectTurnCredits,
  selectTurns,
} from "./turn-rows.ts";

/** A stored turn with its audit. */
export type RecordedTurn = StoredTurn & { audits: AuditRow[] };

export type FoundTurn =
  | { kind: "stored"; stored: RecordedTurn; isRetrying: boolean }
  | { kind: "pending"; pending: PendingTurn };

export type SessionScope = { sessionId: string; userId: string };

/** Reads one turn of the user's session, stored or not, in one batch. @throws PantheonError `not_found`. */
export async function loadTurn(db: Db, scope: SessionScope, turnId: string): Promise<FoundTurn> {
  const isRequestedTurn = and(eq(turns.id, turnId), isTurnOf(scope));
  const ids = sql`(select ${turns.id} from ${turns} where ${isRequestedTurn})`;
  const [owned, [row], [turn], messageRows, ledger, toolEvents, audits, credits] = await askDatabase(db, () =>
    db.batch([
      selectOwnership(db, scope),
      // Before the turn: a commit between the two deletes the one and stores the other.
      selectPending(db, { ...scope, turnId }),
      selectTurns(db, isRequestedTurn),
      selectMessages(db, ids, { only: isShared }),
      selectLedger(db, ids),
      selectToolEvents(db, ids),
      db
        .select(readableColumns(turnContextAudit))
        .from(turnContextAudit)
        .where(inArray(turnContextAudit.turnId, ids))
        .orderBy(asc(firstSeq(turnContextAudit)), asc(turnContextAudit.runId), asc(turnContextAudit.id)),
      selectTurnCredits(db, ids, scope.userId),
    ]),
  );
  if (owned.rows[0]?.owned !== true) throw notFound();
  if (turn !== undefined) {
    const completed = completeTurn(turn, messageRows);
    const stored = {
      turn: completed,
      messages: messageRows,
      ledger,
      toolEvents,
      audits,
      ...readTurnCredits(credits.rows, turn.id),
    };
    return { kind: "stored", stored, isRetrying: row?.kind === "retry" };
  }
  const pending = readPending(row, { ...scope, turnId });
  if (pending === null) throw notFound();
  return { kind: "pending", pending };
}

export function selectOwnership(db: Db, { sessionId, userId }: SessionScope) {
  return db.execute<{ owned: boolean }>(sql`select ${ownsSession(sessionId, userId)} as owned`);
}

/** The turn belongs to the session, and the session to the user. */
export function isTurnOf({ sessionId, userId }: SessionScope): SQL | undefined {
  return and(eq(turns.sessionId, sessionId), ownsSession(sessionId, userId));
}
