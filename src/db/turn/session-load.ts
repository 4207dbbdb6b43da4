import { sql } from "drizzle-orm";
import { defaultOrchestration } from "../../domain/plan/orchestration.ts";
import type { RunPace } from "../../domain/turn/likely-wait.ts";
import type { QueuedEntry } from "../../domain/turn/queued-turn.ts";
import { prepareStatement } from "../core/prepared-statement.ts";
import { llmCallEvents, queuedTurns, turnClaims, turns } from "../schema.ts";

/** What keeps a session busy. */
export type SessionLoad = {
  /** What waits in the session, in order, and the entry of the request's key. */
  queue: QueuedEntry[];
  /** Null: no run is claimed. */
  running: { turnIndex: number; pace: RunPace } | null;
};

/** Turns whose calls tell how long a call takes. */
const lastTurns = 3;

const sessionId = sql`${sql.placeholder("sessionId")}::uuid`;

const load = prepareStatement<{ sessionId: string; key: string | null }>(sql`select
  coalesce((select jsonb_agg(jsonb_build_object('turnId', q.id, 'idempotencyKey', q.idempotency_key,
      'requestHash', q.request_hash, 'status', q.status, 'problem', q.problem) order by q.seq)
    from ${queuedTurns} q where q.session_id = ${sessionId}
      and (q.status = 'waiting' or q.idempotency_key = ${sql.placeholder("key")}::text)), '[]'::jsonb) as queue,
  (select jsonb_build_object('turnIndex', c.turn_index, 'pace', jsonb_build_object(
      'mode', c.snapshot ->> 'mode',
      'agents', jsonb_array_length(c.snapshot -> 'roster'),
      'maxRounds', coalesce((c.snapshot #>> '{orchestration,maxRounds}')::int, ${defaultOrchestration.maxRounds}::int),
      'synthesis', coalesce(c.snapshot #>> '{orchestration,synthesis}', ${defaultOrchestration.synthesis}::text),
      'isRetry', c.kind = 'retry',
      'elapsedMs', round(extract(epoch from clock_timestamp() - c.opened_at) * 1000),
      'callMs', (select round(avg(e.latency_ms)) from ${llmCallEvents} e where e.status = 'completed'
        and e.turn_id in (select t.id from ${turns} t where t.session_id = c.session_id
          order by t.turn_index desc limit ${lastTurns}::int))))
    from ${turnClaims} c where c.session_id = ${sessionId}) as running`);

/** Reads what keeps a session busy. Of a session that is not the user's nothing of it is used. */
export function selectSessionLoad(of: { sessionId: string; idempotencyKey: string | null }) {
  return load<SessionLoad>({ sessionId: of.sessionId, key: of.idempotencyKey });
}
