import { and, type Column, desc, eq, gt, isNull, like, type SQL, sql } from "drizzle-orm";
import { unionAll } from "drizzle-orm/pg-core";
import { askDatabase, type Db } from "../core/client.ts";
import { ownedRoomId, type RoomScope } from "../rooms/owned-room.ts";
import { messages, queuedTurns, sessions, turnClaims, turnRuns, turns } from "../schema.ts";

/** How a conversation starts, as its client has it. */
export type ChatBeginning = {
  message: string;
  /** What the client was shown as the first answer. */
  answer: string;
  /** How many turns the client's conversation has before the new one. */
  turns: number;
};

/**
 * The room's session whose first turn has this message and these answers; of several one with as many turns, then the one
 * that was used last. Undefined: there is none.
 */
export async function findChatSession(
  db: Db,
  room: RoomScope,
  { message, answer, turns: expected }: ChatBeginning,
): Promise<string | undefined> {
  const turnCount = sql`(select count(*) from ${turns} c where c.session_id = ${sessions.id})`;
  const lastUse = sql`coalesce(${sessions.lastTurnAt}, ${sessions.createdAt})`;
  const [found] = await askDatabase(db, () =>
    db
      .select({ id: sessions.id })
      .from(sessions)
      .innerJoin(turns, and(eq(turns.sessionId, sessions.id), eq(turns.turnIndex, 1)))
      .where(and(isActiveIn(room), eq(turns.userInput, message), hasAnswers(answer)))
      .orderBy(desc(sql`${turnCount} = ${expected}::int`), desc(lastUse), desc(sessions.id))
      .limit(1),
  );
  return found?.id;
}

/** Whether the text has every answer that the turn's first run brought. A retry's answers came later. */
function hasAnswers(answer: string): SQL {
  return sql`not exists (select 1 from ${messages} m
    where m.turn_id = ${turns.id} and m.role = 'assistant' and m.visibility = 'shared' and m.status = 'completed'
      and m.supersedes_id is null and m.deleted_at is null
      and position(btrim(m.content, E' \\n\\r\\t') in ${answer}::text) = 0)`;
}

/** A run that was started, and the key under which it can be asked for again. */
export type KnownRequest = { sessionId: string; idempotencyKey: string };

/** The latest run of the room whose key begins so, of the last `minutes`: stored, in flight or in the queue. */
export async function findRecentRequest(
  db: Db,
  room: RoomScope,
  { keyPrefix, minutes }: { keyPrefix: string; minutes: number },
): Promise<KnownRequest | undefined> {
  const isActive = isActiveIn(room);
  const since = sql`clock_timestamp() - make_interval(mins => ${minutes}::int)`;
  const wanted: Wanted = { isActive, pattern: `${keyPrefix}%`, since };
  // A run can only be stored since then in a session that was used since then: the others need not be searched.
  const stored: Wanted = { ...wanted, isActive: and(isActive, gt(sessions.lastTurnAt, since)) };
  const [found] = await askDatabase(db, () =>
    unionAll(
      selectRequests(db, turnClaims, turnClaims.openedAt, wanted),
      selectRequests(db, queuedTurns, queuedTurns.createdAt, wanted),
      selectRequests(db, turnRuns, turnRuns.createdAt, stored),
    )
      .orderBy(sql`"at" desc`)
      .limit(1),
  );
  return found && { sessionId: found.sessionId, idempotencyKey: found.idempotencyKey };
}

type Wanted = { isActive: SQL | undefined; pattern: string; since: SQL };

/** The requests of one table. All three selects have the same columns, for the union. */
function selectRequests(
  db: Db,
  table: typeof turnClaims | typeof queuedTurns | typeof turnRuns,
  at: Column,
  { isActive, pattern, since }: Wanted,
) {
  const { sessionId, idempotencyKey } = table;
  return db
    .select({
      sessionId: sql<string>`${sessionId}`.as("session_id"),
      idempotencyKey: sql<string>`${idempotencyKey}`.as("key"),
      at: sql`${at}`.as("at"),
    })
    .from(table)
    .innerJoin(sessions, eq(sessions.id, sessionId))
    .where(and(isActive, like(idempotencyKey, pattern), gt(at, since)));
}

function isActiveIn(room: RoomScope): SQL | undefined {
  return and(eq(sessions.roomId, ownedRoomId(room)), isNull(sessions.deletedAt));
}
