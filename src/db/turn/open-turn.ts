import { and, desc, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { BatchResponse } from "drizzle-orm/batch";
import type { RoomFiles } from "../../domain/files/turn-files.ts";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import type { OpenRows, RetriedTurn } from "../../domain/turn/open-decision.ts";
import type { SessionState } from "../../domain/turn/session-state.ts";
import { type BudgetOfClaim, readFoundBudget } from "../budgets/claim-budgets.ts";
import { readWithTexts, selectCheckpointOfClaim, type Texts } from "../checkpoint/stored-checkpoints.ts";
import { type Db, repeatIfLost } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { readTurnFiles, selectTurnFiles } from "../files/turn-files.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { messages, sessionSummaries, sessions, turnClaims, turnRuns, turns } from "../schema.ts";
import {
  readTokenScales,
  readWindow,
  type SessionWindow,
  selectTokenCounts,
  selectWindow,
  type WindowBounds,
} from "./session-window.ts";
import type { ClaimRow, StoredTurn, SummaryRow } from "./stored-turn.ts";
import { type ClaimRequest, hasRunsLeft, isLatest, isRetriable, takeClaim } from "./take-claim.ts";
import {
  completeTurn,
  retriedTurnBounds,
  selectLedger,
  selectMessages,
  selectToolEvents,
  selectTurns,
} from "./turn-rows.ts";

export type OpenRequest = ClaimRequest & {
  window: WindowBounds;
};

/** What open read, in one transaction, for the run whose claim this holder has taken. */
export type OpenedTurn = {
  claim: ClaimRow;
  /** The stored turn, where this run is a retry. */
  retried: StoredTurn | null;
  /** Highest `seq` of the session's messages, 0 where there is none. */
  lastSeq: number;
  session: SessionState;
  window: SessionWindow;
  /** The latest summary of the session. */
  summary: SummaryRow | null;
  /** The latest checkpoint of a run that was taken over; undefined: the run is new, or has none. */
  checkpoint: StoredCheckpoint | undefined;
  /** By model alias; see turn-context.ts. */
  tokenScales: ReadonlyMap<string, number>;
  /** The room's files, where an agent may read them. */
  files: RoomFiles;
};

/**
 * Opens a new turn in one batch: locks the session, takes the claim if it is free, reads all the turn needs.
 * An open whose answer was lost is repeated unchanged: it finds its own claim and goes on.
 */
export async function openTurn(db: Db, open: OpenRequest): Promise<OpenRows<OpenedTurn>> {
  return readOpenRows(
    open,
    await readWithTexts((texts) => repeatIfLost(db, () => db.batch(openStatements(db, open, texts)))),
  );
}

/** Opens the retry of a stored turn in the same way, and reads that turn. */
export async function openRetry(
  db: Db,
  open: OpenRequest & { turnId: string },
): Promise<OpenRows<OpenedTurn>> {
  const isRetriedTurn = and(
    eq(turns.id, open.turnId),
    eq(turns.sessionId, open.sessionId),
    ownsSession(open.sessionId, open.userId),
  );
  const ids = sql`(select ${turns.id} from ${turns} where ${isRetriedTurn})`;
  const result = await readWithTexts((texts) =>
    repeatIfLost(db, () => {
      const [lock, ...others] = openStatements(db, open, texts);
      return db.batch([
        lock,
        db.execute<RetriedTurn>(selectRetriedTurn(open)),
        selectTurns(db, isRetriedTurn),
        selectMessages(db, ids, { bounds: retriedTurnBounds }),
        selectLedger(db, ids),
        selectToolEvents(db, ids, retriedTurnBounds),
        ...others,
      ]);
    }),
  );
  const [locked, retried, [turn], messageRows, ledger, toolEvents, ...answers] = result;
  const { opened, ...found } = readOpenRows(open, [locked, ...answers]);
  const stored = turn && { turn: completeTurn(turn, messageRows), messages: messageRows, ledger, toolEvents };
  return {
    ...found,
    retriedTurn: { found: retried.rows[0] },
    opened: opened && stored && { ...opened, retried: stored },
  };
}

function openStatements(db: Db, open: OpenRequest, texts: Texts) {
  const exceptTurnId = open.kind === "retry" ? open.turnId : null;
  return [
    lockOwnedSession(db, open),
    db
      .select({
        runId: turnClaims.runId,
        turnId: turnClaims.turnId,
        idempotencyKey: turnClaims.idempotencyKey,
        requestHash: turnClaims.requestHash,
        leaseLeftMs:
          sql<number>`ceil(extract(epoch from ${turnClaims.leaseUntil} - clock_timestamp()) * 1000)::bigint`.mapWith(
            Number,
          ),
      })
      .from(turnClaims)
      .where(and(eq(turnClaims.sessionId, open.sessionId), ownsSession(open.sessionId, open.userId))),
    db
      .select({ runId: turnRuns.id, turnId: turnRuns.turnId, requestHash: turnRuns.requestHash })
      .from(turnRuns)
      .where(and(isStored(open), ownsSession(open.sessionId, open.userId))),
    db.execute<BudgetOfClaim>(takeClaim(open)),
    db.select(readableColumns(turnClaims)).from(turnClaims).where(isHeldBy(open)),
    db
      .select({ seq: sql<number>`coalesce(max(${messages.seq}), 0)::int` })
      .from(messages)
      .where(eq(messages.sessionId, open.sessionId)),
    db
      .select(readableColumns(sessionSummaries))
      .from(sessionSummaries)
      .where(eq(sessionSummaries.sessionId, open.sessionId))
      .orderBy(desc(sessionSummaries.toSeq))
      .limit(1),
    selectWindow(open, open.window, exceptTurnId),
    selectTokenCounts(open, open.modelAliasOverride),
    selectTurnFiles(open),
    selectCheckpointOfClaim(db, open, texts),
  ] as const;
}

type OpenAnswers = BatchResponse<ReturnType<typeof openStatements>>;

function readOpenRows(open: OpenRequest, answers: OpenAnswers): OpenRows<OpenedTurn> {
  const [
    [locked],
    [claimBefore],
    [storedRun],
    { rows: budgets },
    [claim],
    [last],
    [summary],
    window,
    counts,
    turnFiles,
    [checkpoint],
  ] = answers;
  const opened = claim &&
    locked && {
      claim,
      session: locked.state,
      retried: null,
      lastSeq: last?.seq ?? 0,
      summary: summary ?? null,
      checkpoint,
      window: readWindow(window.rows),
      tokenScales: readTokenScales(counts.rows, locked.state.refusalScales),
      files: readTurnFiles(turnFiles.rows),
    };
  return {
    sessionFound: locked !== undefined,
    claimBefore,
    storedRun,
    retriedTurn: undefined,
    budgets: budgets.map(readFoundBudget),
    refusedTurnId: locked?.isRefused === true ? turnIdOf(open) : null,
    opened,
  };
}

/** The first run of a turn has the turn's id. */
function turnIdOf(open: OpenRequest): string {
  return open.kind === "retry" ? open.turnId : open.runId;
}

/**
 * Locks the session's row before anything is read. In READ COMMITTED each later statement then sees what the previous turn
 * committed. Without the lock an open would compute its index from an older snapshot.
 */
function lockOwnedSession(db: Db, { sessionId, userId, runId }: OpenRequest) {
  return (
    db
      .select({
        state: {
          summaryFailures: sessions.summaryFailures,
          nextSummaryTurnIndex: sessions.nextSummaryTurnIndex,
          refusalScales: sessions.refusalScales,
        },
        isRefused: sql<boolean>`${sessions.refusedRunId} is not distinct from ${runId}::uuid`,
      })
      .from(sessions)
      // `deleted_at` is tested on the locked row too: after a wait for the lock Postgres tests only its own columns again.
      .where(and(eq(sessions.id, sessionId), isNull(sessions.deletedAt), ownsSession(sessionId, userId)))
      .for("update")
  );
}

/** Stored under the request's key; or under this run's id, where a request whose answer was lost is repeated later. */
function isStored({ sessionId, runId, idempotencyKey }: OpenRequest): SQL | undefined {
  return and(
    eq(turnRuns.sessionId, sessionId),
    sql`(${turnRuns.id} = ${runId}::uuid or ${turnRuns.idempotencyKey} = ${idempotencyKey}::text)`,
  );
}

function isHeldBy({ sessionId, holder }: OpenRequest): SQL | undefined {
  return and(eq(turnClaims.sessionId, sessionId), eq(turnClaims.holder, holder));
}

function selectRetriedTurn({ sessionId, userId, turnId }: OpenRequest & { turnId: string }): SQL {
  return sql`select ${isRetriable} as "isRetriable", ${isLatest} as "isLatest", ${hasRunsLeft} as "hasRunsLeft"
    from ${turns} t where t.id = ${turnId} and t.session_id = ${sessionId} and ${ownsSession(sessionId, userId)}`;
}
