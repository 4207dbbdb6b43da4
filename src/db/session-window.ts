import { type SQL, sql } from "drizzle-orm";
import type { TranscriptMessage } from "../domain/prompt.ts";
import type { Db } from "./client.ts";
import { messages, sessionSummaries, turnClaims, turnContextAudit, turns } from "./schema.ts";

/** At most this many messages are read for a turn's prompts, however short they are. */
const newestRows = 400;
/** And this many from the oldest that no summary covers, so that a summary can always catch up. */
const oldestRows = 300;
const oldestCharacters = 400_000;

/** How many characters of conversation an agent of each model can hold, and one of any other model. */
export type HistoryCharacters = { byAlias: Record<string, number>; otherwise: number };

export type SessionWindow = {
  /** What the agents are shown, oldest first; without a gap but between the last turns' user messages. */
  newest: TranscriptMessage[];
  /** From the first message that no summary covers, without a gap; overlaps `newest` unless there is too much. */
  oldest: TranscriptMessage[];
};

type Held = { sessionId: string; holder: string };

export type WindowBounds = HistoryCharacters & {
  /** The newest turns whose user messages are read however much was said since: they are never left out. */
  keepRawTurns: number;
};

/**
 * Reads what came after the latest summary, bounded at both ends: the newest messages until the roster's
 * largest budget is full, and the oldest ones for a summary. A request that holds no claim reads nothing.
 * Messages of `exceptTurnId` (a turn that is retried) are left out.
 */
export function selectWindow(db: Db, held: Held, bounds: WindowBounds, exceptTurnId: string | null) {
  const { byAlias, otherwise, keepRawTurns } = bounds;
  const bound = sql`(
    select max(coalesce((${JSON.stringify(byAlias)}::jsonb ->> (a ->> 'modelAlias'))::int, ${otherwise}::int))
    from ${turnClaims} c, jsonb_array_elements(c.snapshot -> 'roster') a
    where c.session_id = ${held.sessionId} and c.holder = ${held.holder}::uuid)`;
  const cut = (order: SQL, rows: number, only = sql``) => sql`
    select m.*, sum(length(m.content)) over (order by ${order}) as characters,
      row_number() over (partition by m.role order by ${order}) as nth_of_role
    from (
      select n.id, n.seq, n.turn_id, n.role, n.agent_key, n.agent_name, n.visibility, n.content
      from ${messages} n
      where n.session_id = ${held.sessionId}
        and n.seq > coalesce((select max(to_seq) from ${sessionSummaries} where session_id = ${held.sessionId}), 0)
        and n.turn_id is distinct from ${exceptTurnId}::uuid
        and not exists (select 1 from ${messages} later where later.supersedes_id = n.id) ${only}
      order by n.${order} limit ${rows}
    ) m`;
  return db.execute<WindowRow>(sql`
    select w.id, w.seq, t.turn_index, w.role, w.agent_key, w.agent_name, w.visibility, w.content,
      bool_or(w.is_newest) as is_newest, bool_or(not w.is_newest) as is_oldest
    from (
      select newest.*, true as is_newest from (${cut(sql`seq desc`, newestRows)}) newest
      where newest.characters - length(newest.content) < ${bound}
        or (newest.role = 'user' and newest.nth_of_role <= ${keepRawTurns}::int and ${bound} > 0)
      union all
      select oldest.*, false as is_newest from (${cut(sql`seq asc`, oldestRows, sql`and n.visibility = 'shared'`)}) oldest
      where oldest.characters - length(oldest.content) < ${oldestCharacters}
        and exists (select 1 from ${turnClaims} c
          where c.session_id = ${held.sessionId} and c.holder = ${held.holder}::uuid)
    ) w join ${turns} t on t.id = w.turn_id
    group by w.id, w.seq, t.turn_index, w.role, w.agent_key, w.agent_name, w.visibility, w.content
    order by w.seq`);
}

type WindowRow = {
  id: string;
  seq: number;
  turn_index: number;
  role: TranscriptMessage["role"];
  agent_key: string | null;
  agent_name: string | null;
  visibility: TranscriptMessage["visibility"];
  content: string;
  is_newest: boolean;
  is_oldest: boolean;
};

/** Splits what was read into its two blocks; where they meet they overlap. */
export function readWindow(rows: readonly WindowRow[]): SessionWindow {
  return {
    newest: rows.filter((row) => row.is_newest).map(toMessage),
    oldest: rows.filter((row) => row.is_oldest).map(toMessage),
  };
}

function toMessage(row: WindowRow): TranscriptMessage {
  const { id, seq, role, visibility, content } = row;
  return {
    ...{ id, seq, role, visibility, content },
    turnIndex: row.turn_index,
    agentKey: row.agent_key,
    agentName: row.agent_name,
  };
}

/** What the provider last counted for a prompt of this session, by model of the roster and `alias`. */
export function selectTokenCounts(db: Db, held: Held, alias: string | null) {
  return db.execute<{ model_alias: string; token_scale: string; estimated: number; counted: number }>(sql`
    select alias.model_alias, last.token_scale, last.estimated, last.counted
    from (
      select distinct a ->> 'modelAlias' as model_alias
      from ${turnClaims} c, jsonb_array_elements(c.snapshot -> 'roster') a
      where c.session_id = ${held.sessionId} and c.holder = ${held.holder}::uuid
      union select ${alias}::text where ${alias}::text is not null
    ) alias
    cross join lateral (
      select x.token_scale, x.estimated_tokens_after_prune as estimated, x.counted_input_tokens as counted
      from ${turnContextAudit} x
      where x.session_id = ${held.sessionId} and x.model_alias = alias.model_alias
        and x.counted_input_tokens is not null
      order by x.created_at desc limit 1
    ) last`);
}
