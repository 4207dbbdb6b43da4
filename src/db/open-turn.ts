import { and, eq, type SQL, sql } from "drizzle-orm";
import type { OpenFindings } from "../domain/claim-verdict.ts";
import type { TranscriptMessage } from "../domain/prompt.ts";
import { type Db, repeatLost } from "./client.ts";
import { ownsSession } from "./owned-session.ts";
import {
  type ClaimedRequest,
  messages,
  roomAgents,
  rooms,
  sessions,
  turnClaims,
  turnRuns,
  turns,
} from "./schema.ts";

/** At most this many messages are read for a turn, however short they are. */
const historyRows = 400;

export type OpenRequest = {
  sessionId: string;
  userId: string;
  /** Id of the run this open wants to make; the first run's id is its turn's. */
  runId: string;
  holder: string;
  idempotencyKey: string | null;
  requestHash: string;
  request: ClaimedRequest;
  leaseMs: number;
  /** How many characters of conversation an agent of each model can hold, and one of any other model. */
  historyCharacters: { byAlias: Record<string, number>; otherwise: number };
};

export type OpenedClaim = typeof turnClaims.$inferSelect & {
  /** Highest `seq` of the session's messages, 0 where there is none. */
  lastSeq: number;
  /** The latest messages, oldest first, as many as the roster's largest budget can hold. */
  history: TranscriptMessage[];
};

export type OpenResult = { findings: OpenFindings<OpenedClaim>; roundTrips: number };

/**
 * Opens a turn in one batch: locks the session, takes the claim if it is free, and reads all the turn needs.
 * An open whose answer was lost is repeated as it was: it finds its own claim and goes on.
 */
export async function openTurn(db: Db, open: OpenRequest): Promise<OpenResult> {
  const { result, roundTrips } = await repeatLost(() =>
    db.batch([
      lockSession(db, open),
      db
        .select({
          turnId: turnClaims.turnId,
          idempotencyKey: turnClaims.idempotencyKey,
          requestHash: turnClaims.requestHash,
          leaseLeftMs: sql<number>`(extract(epoch from ${turnClaims.leaseUntil} - clock_timestamp()) * 1000)::float8`,
        })
        .from(turnClaims)
        .where(and(eq(turnClaims.sessionId, open.sessionId), ownsSession(open.sessionId, open.userId))),
      db
        .select({ turnId: turnRuns.turnId, requestHash: turnRuns.requestHash })
        .from(turnRuns)
        .where(and(isStoredUnderKey(open), ownsSession(open.sessionId, open.userId))),
      db.execute(takeClaim(open)),
      db.select().from(turnClaims).where(isHeldBy(open)),
      db
        .select({ seq: sql<number>`coalesce(max(${messages.seq}), 0)::int` })
        .from(messages)
        .where(eq(messages.sessionId, open.sessionId)),
      db.execute<HistoryRow>(readHistory(open)),
    ]),
  );
  const [locked, [claimBefore], [storedRun], , [claim], [last], history] = result;
  const found = { sessionFound: locked.length > 0, claimBefore, storedRun };
  const opened = claim && {
    ...claim,
    lastSeq: last?.seq ?? 0,
    history: history.rows.map(toTranscriptMessage),
  };
  return { findings: { ...found, claim: opened }, roundTrips };
}

/**
 * The session's row is locked before anything is read: in READ COMMITTED each later statement then sees
 * what the turn before committed. Without it an open computes its index from an older snapshot.
 */
function lockSession(db: Db, { sessionId, userId }: OpenRequest) {
  return db
    .select({ id: sessions.id })
    .from(sessions)
    .where(and(eq(sessions.id, sessionId), ownsSession(sessionId, userId)))
    .for("update");
}

function isStoredUnderKey({ sessionId, idempotencyKey }: OpenRequest): SQL | undefined {
  return and(eq(turnRuns.sessionId, sessionId), sql`${turnRuns.idempotencyKey} = ${idempotencyKey}::text`);
}

function isHeldBy({ sessionId, holder }: OpenRequest): SQL | undefined {
  return and(eq(turnClaims.sessionId, sessionId), eq(turnClaims.holder, holder));
}

/** Takes the claim where there is none or its lease has run out, and nothing under a key already in use. */
function takeClaim(open: OpenRequest): SQL {
  return sql`
    insert into ${turnClaims} (session_id, run_id, turn_id, kind, turn_index, idempotency_key, request_hash,
      request, snapshot, holder, lease_until)
    select s.id, ${open.runId}::uuid, ${open.runId}::uuid, 'turn',
      coalesce((select max(t.turn_index) from ${turns} t where t.session_id = s.id), 0) + 1,
      ${open.idempotencyKey}::text, ${open.requestHash}, ${JSON.stringify(open.request)}::jsonb, ${snapshot},
      ${open.holder}::uuid, clock_timestamp() + ${open.leaseMs} * interval '1 millisecond'
    from ${sessions} s join ${rooms} r on r.id = s.room_id
    where s.id = ${open.sessionId} and s.deleted_at is null and r.deleted_at is null
      and r.owner_user_id = ${open.userId}
      and not exists (select 1 from ${turnRuns} u
        where u.session_id = s.id and u.idempotency_key = ${open.idempotencyKey}::text)
    on conflict (session_id) do update set run_id = excluded.run_id, turn_id = excluded.turn_id,
      kind = excluded.kind, turn_index = excluded.turn_index, idempotency_key = excluded.idempotency_key,
      request_hash = excluded.request_hash, request = excluded.request, snapshot = excluded.snapshot,
      holder = excluded.holder, past_holders = '[]', lease_until = excluded.lease_until
    where turn_claims.lease_until <= clock_timestamp()
      and (turn_claims.idempotency_key = excluded.idempotency_key
        and turn_claims.request_hash <> excluded.request_hash) is not true`;
}

/** Mode, goal and roster as they are now: later edits do not reach the turn. Keys as in ClaimSnapshot. */
const snapshot = sql`jsonb_build_object('roomId', r.id, 'goal', r.goal,
  'mode', coalesce(r.pending_mode, r.current_mode), 'consumesPendingMode', r.pending_mode is not null,
  'roster', coalesce((select jsonb_agg(jsonb_build_object('agentKey', a.agent_key, 'name', a.name,
    'modelAlias', a.model_alias, 'rolePrompt', a.role_prompt, 'toolPermissions', a.tool_permissions,
    'position', a.position) order by a.position) from ${roomAgents} a where a.room_id = r.id), '[]'::jsonb))`;

type HistoryRow = {
  id: string;
  seq: number;
  role: TranscriptMessage["role"];
  agent_key: string | null;
  agent_name: string | null;
  content: string;
};

/** Newest first until the roster's largest budget is full; a request that holds no claim reads nothing. */
function readHistory(open: OpenRequest): SQL {
  const { byAlias, otherwise } = open.historyCharacters;
  return sql`
    select id, seq, role, agent_key, agent_name, content
    from (
      select m.*, sum(length(m.content)) over (order by m.seq desc) as characters
      from (
        select * from ${messages} n
        where n.session_id = ${open.sessionId} and n.visibility = 'shared'
          and not exists (select 1 from ${messages} later where later.supersedes_id = n.id)
        order by n.seq desc limit ${historyRows}
      ) m
    ) w
    where w.characters <= (
      select max(coalesce((${JSON.stringify(byAlias)}::jsonb ->> (a ->> 'modelAlias'))::int, ${otherwise}::int))
      from ${turnClaims} c, jsonb_array_elements(c.snapshot -> 'roster') a
      where c.session_id = ${open.sessionId} and c.holder = ${open.holder}::uuid
    )
    order by seq`;
}

function toTranscriptMessage(row: HistoryRow): TranscriptMessage {
  const { agent_key: agentKey, agent_name: agentName, ...message } = row;
  return { ...message, agentKey, agentName };
}
