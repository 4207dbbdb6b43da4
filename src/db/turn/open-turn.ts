import { and, eq, type SQL, sql } from "drizzle-orm";
import type { BatchResponse } from "drizzle-orm/batch";
import type { RoomFiles } from "../../domain/files/turn-files.ts";
import type { StoredCheckpoint } from "../../domain/turn/checkpoint.ts";
import type { FoundClaim, OpenRows, RetriedTurn, StoredRun } from "../../domain/turn/open-decision.ts";
import type { SessionState } from "../../domain/turn/session-state.ts";
import { type BudgetOfClaim, readFoundBudget } from "../budgets/claim-budgets.ts";
import { readWithTexts, type Texts } from "../checkpoint/stored-checkpoints.ts";
import { type Db, repeatIfLost } from "../core/client.ts";
import { prepareStatement } from "../core/prepared-statement.ts";
import { readTurnFiles } from "../files/turn-files.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { turns } from "../schema.ts";
import { selectHeldClaim } from "./held-claim.ts";
import { selectPromptParts } from "./prompt-parts.ts";
import { selectSessionLoad } from "./session-load.ts";
import { readWindow, type SessionWindow, selectWindow, type WindowBounds } from "./session-window.ts";
import type { ClaimRow, StoredTurn, SummaryRow } from "./stored-turn.ts";
import { type ClaimRequest, hasRunsLeft, isLatest, isRetriable, takeClaim } from "./take-claim.ts";
import { readTokenScales } from "./token-counts.ts";
import {
  completeTurn,
  retriedTurnBounds,
  selectLedger,
  selectMessages,
  selectToolEvents,
  selectTurns,
} from "./turn-rows.ts";

export type OpenRequest = ClaimRequest & {
  windowBounds: WindowBounds;
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
  const { opened, ...found } = readOpenRows([locked, ...answers]);
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
    openSession(open),
    selectSessionLoad(open),
    db.execute<BudgetOfClaim>(takeClaim(open)),
    selectHeldClaim(open, texts),
    selectPromptParts(open, open.modelAliasOverride),
    selectWindow(open, open.windowBounds, exceptTurnId),
  ] as const;
}

type OpenAnswers = BatchResponse<ReturnType<typeof openStatements>>;

function readOpenRows(answers: OpenAnswers): OpenRows<OpenedTurn> {
  const [found, load, { rows: budgets }, [held], [parts], window] = answers;
  const [session] = found.rows;
  const { queue, running } = load.rows[0] ?? { queue: [], running: null };
  const opened = session &&
    held &&
    parts && {
      ...held,
      checkpoint: held.checkpoint ?? undefined,
      session: session.state,
      retried: null,
      summary: parts.summary,
      window: readWindow(window.rows),
      tokenScales: readTokenScales(parts.tokenCounts, session.state.refusalScales),
      files: readTurnFiles(parts.files),
    };
  return {
    sessionFound: session !== undefined,
    claimBefore: session?.claim && running ? { ...session.claim, ...running } : undefined,
    storedRun: session?.storedRun ?? undefined,
    queue: session === undefined ? [] : queue,
    retriedTurn: undefined,
    budgets: budgets.map(readFoundBudget),
    opened,
  };
}

type FoundSession = {
  state: SessionState;
  /** As it was before this request. */
  claim: Omit<FoundClaim, "turnIndex" | "pace"> | null;
  /** Stored under the request's key; or under this run's id, where a request whose answer was lost is repeated later. */
  storedRun: StoredRun | null;
};

const open = prepareStatement<{ sessionId: string; userId: string; runId: string; key: string | null }>(
  sql`select state, claim, stored_run as "storedRun" from open_session(${sql.placeholder("sessionId")}::uuid,
    ${sql.placeholder("userId")}, ${sql.placeholder("runId")}::uuid, ${sql.placeholder("key")})`,
);

/**
 * Locks the session's row before anything is read. In READ COMMITTED each later statement then sees what the previous turn
 * committed. Without the lock an open would compute its index from an older snapshot.
 */
function openSession({ sessionId, userId, runId, idempotencyKey: key }: OpenRequest) {
  return open<FoundSession>({ sessionId, userId, runId, key });
}

function selectRetriedTurn({ sessionId, userId, turnId }: OpenRequest & { turnId: string }): SQL {
  return sql`select ${isRetriable} as "isRetriable", ${isLatest} as "isLatest", ${hasRunsLeft} as "hasRunsLeft"
    from ${turns} t where t.id = ${turnId} and t.session_id = ${sessionId} and ${ownsSession(sessionId, userId)}`;
}
