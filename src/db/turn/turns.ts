import { and, asc, type Column, eq, gt, inArray, type SQL, sql } from "drizzle-orm";
import { askDatabase, type Db } from "../core/client.ts";
import { type Page, type PageRequest, readPage } from "../core/page.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { llmCallEvents, messages, toolCallEvents, turnClaims, turnContextAudit, turns } from "../schema.ts";
import type { AuditRow, StoredTurn } from "./stored-turn.ts";

export type RunningTurn = { id: string; sessionId: string; turnIndex: number };

export type TurnFindings = {
  sessionFound: boolean;
  stored: (StoredTurn & { audits: AuditRow[] }) | undefined;
  running: RunningTurn | undefined;
};

type SessionOfUser = { sessionId: string; userId: string };

/** Reads one turn of the user's session, stored or under way, in one batch. */
export async function loadTurn(db: Db, of: SessionOfUser, turnId: string): Promise<TurnFindings> {
  const isIt = and(eq(turns.id, turnId), isOwned(of));
  const [owned, [turn], messageRows, ledger, toolEvents, audits, [running]] = await askDatabase(() =>
    db.batch([
      selectOwnership(db, of),
      db.select().from(turns).where(isIt),
      selectMessages(db, sql`(select ${turns.id} from ${turns} where ${isIt})`),
      selectLedger(db, sql`(select ${turns.id} from ${turns} where ${isIt})`),
      selectToolEvents(db, sql`(select ${turns.id} from ${turns} where ${isIt})`),
      db
        .select()
        .from(turnContextAudit)
        .where(sql`${turnContextAudit.turnId} in (select ${turns.id} from ${turns} where ${isIt})`)
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
    stored: turn && { turn, messages: messageRows, ledger, toolEvents, audits },
    running,
  };
}

export type TurnPage = { sessionFound: boolean; page: Page<StoredTurn> };

/** Neon refuses an answer over 10 MiB; a turn's texts are in it twice, and in JSON a byte can become six. */
const mostTextBytes = 700_000;

/**
 * A page of the session's turns by `turn_index`, in one batch. One of long turns ends before `limit`, though
 * never before its first turn.
 */
export async function loadTurns(db: Db, of: SessionOfUser, request: PageRequest): Promise<TurnPage> {
  const after = request.after ?? null;
  const cursorIndex = sql`(select c.turn_index from ${turns} c where c.id = ${after}::uuid and c.session_id = ${of.sessionId})`;
  const inPage = and(isOwned(of), after === null ? undefined : gt(turns.turnIndex, cursorIndex));
  const nearest = sql`(select ${turns.id}, ${turns.turnIndex}, octet_length(${turns.assistantOutput}) as bytes
    from ${turns} where ${inPage} order by ${turns.turnIndex} limit ${request.limit + 1}) n`;
  const pageIds = sql`(select id from (select id, row_number() over (order by turn_index) as place,
      sum(bytes) over (order by turn_index) - bytes as bytes_before from ${nearest}) m
    where place <= ${request.limit} and bytes_before < ${mostTextBytes}::int)`;
  const [owned, cursor, matched, turnRows, messageRows, ledger, toolEvents] = await askDatabase(() =>
    db.batch([
      selectOwnership(db, of),
      db
        .select({ id: turns.id })
        .from(turns)
        .where(and(isOwned(of), sql`${turns.id} = ${after}::uuid`)),
      db.execute<{ turns: number }>(sql`select count(*)::int as turns from ${nearest}`),
      db.select().from(turns).where(inArray(turns.id, pageIds)).orderBy(asc(turns.turnIndex)),
      selectMessages(db, pageIds),
      selectLedger(db, pageIds),
      selectToolEvents(db, pageIds),
    ]),
  );
  if (owned.rows[0]?.owned !== true) return { sessionFound: false, page: { rows: [], hasMore: false } };
  const { rows } = readPage(request, cursor.length > 0, turnRows);
  const hasMore = rows.length < (matched.rows[0]?.turns ?? 0);
  const messagesByTurn = Map.groupBy(messageRows, ({ turnId }) => turnId);
  const ledgerByTurn = Map.groupBy(ledger, ({ turnId }) => turnId);
  const toolEventsByTurn = Map.groupBy(toolEvents, ({ turnId }) => turnId);
  const stored = rows.map((turn) => ({
    turn,
    messages: messagesByTurn.get(turn.id) ?? [],
    ledger: ledgerByTurn.get(turn.id) ?? [],
    toolEvents: toolEventsByTurn.get(turn.id) ?? [],
  }));
  return { sessionFound: true, page: { rows: stored, hasMore } };
}

function isOwned({ sessionId, userId }: SessionOfUser): SQL | undefined {
  return and(eq(turns.sessionId, sessionId), ownsSession(sessionId, userId));
}

function selectOwnership(db: Db, { sessionId, userId }: SessionOfUser) {
  return db.execute<{ owned: boolean }>(sql`select ${ownsSession(sessionId, userId)} as owned`);
}

/** The messages of the turns whose ids `turnIds` selects, by `seq`. */
export function selectMessages(db: Db, turnIds: SQL) {
  return db.select().from(messages).where(inArray(messages.turnId, turnIds)).orderBy(asc(messages.seq));
}

/**
 * Where an agent's part of a run begins in the session. What has no `seq` of its own is listed by it: a run's
 * times hold the clock of the Worker that stored it, and another Worker may have stored the run before.
 */
function firstSeq({ runId, agentKey }: { runId: Column; agentKey: Column }): SQL {
  return sql`(select min(m.seq) from ${messages} m where m.run_id = ${runId} and m.agent_key = ${agentKey})`;
}

/** Their ledger rows, run by run: of each run by agent, in the order of its calls; what has no reply last. */
export function selectLedger(db: Db, turnIds: SQL) {
  const { runId, agentKey, round, id } = llmCallEvents;
  return db
    .select()
    .from(llmCallEvents)
    .where(inArray(llmCallEvents.turnId, turnIds))
    .orderBy(asc(firstSeq(llmCallEvents)), asc(runId), asc(agentKey), asc(round), asc(id));
}

/** And what their agents did with tools, likewise: of each agent in the order in which it was done. */
export function selectToolEvents(db: Db, turnIds: SQL) {
  const { runId, agentKey, round, id } = toolCallEvents;
  return db
    .select()
    .from(toolCallEvents)
    .where(inArray(toolCallEvents.turnId, turnIds))
    .orderBy(asc(firstSeq(toolCallEvents)), asc(runId), asc(agentKey), asc(round), asc(id));
}
