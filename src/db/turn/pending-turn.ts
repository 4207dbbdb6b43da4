import { and, eq, sql } from "drizzle-orm";
import type { PendingTurn, QueuedStatus } from "../../domain/turn/queued-turn.ts";
import type { Db } from "../core/client.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { queuedTurns, type RunKind, sessions, turnClaims } from "../schema.ts";

type TurnScope = { sessionId: string; userId: string; turnId: string };

const leaseLeftMs = sql<
  number | null
>`ceil(extract(epoch from ${turnClaims.leaseUntil} - clock_timestamp()) * 1000)`;

/** The place among those that wait, from 1. */
const position = sql<number>`(select count(*) from ${queuedTurns} o where o.session_id = queued_turns.session_id
  and o.status = 'waiting' and o.seq <= queued_turns.seq)::int`;

/**
 * The claim and the queue's entry of a turn, in one statement: as a claim is taken or deleted, a row may move from the one
 * to the other.
 */
export function selectPending(db: Db, { sessionId, userId, turnId }: TurnScope) {
  return db
    .select({
      runId: turnClaims.runId,
      kind: turnClaims.kind,
      turnIndex: turnClaims.turnIndex,
      leaseLeftMs,
      queuedStatus: queuedTurns.status,
      problem: queuedTurns.problem,
      position,
    })
    .from(sessions)
    .leftJoin(turnClaims, and(eq(turnClaims.sessionId, sessions.id), eq(turnClaims.turnId, turnId)))
    .leftJoin(queuedTurns, and(eq(queuedTurns.sessionId, sessions.id), eq(queuedTurns.id, turnId)))
    .where(and(eq(sessions.id, sessionId), ownsSession(sessionId, userId)));
}

export type PendingRow = {
  runId: string | null;
  kind: RunKind | null;
  turnIndex: number | null;
  leaseLeftMs: number | null;
  queuedStatus: QueuedStatus | null;
  problem: PendingTurn["problem"];
  position: number;
};

/** Null: neither is there. */
export function readPending(row: PendingRow | undefined, { sessionId, turnId }: Omit<TurnScope, "userId">) {
  if (row === undefined) return null;
  const turn = { id: turnId.toLowerCase(), sessionId: sessionId.toLowerCase(), turnIndex: row.turnIndex };
  if (row.runId !== null) return { ...turn, status: "running", position: null, problem: null } as const;
  const { queuedStatus, problem, position } = row;
  switch (queuedStatus) {
    case null:
      return null;
    case "waiting":
      return { ...turn, status: "queued", position, problem } as const;
    case "refused":
    case "cancelled":
      return { ...turn, status: queuedStatus, position: null, problem } as const;
  }
}
