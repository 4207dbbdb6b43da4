import { type SQL, sql } from "drizzle-orm";
import type { TranscriptMessage } from "../../domain/context/prompt.ts";
import { prepareStatement } from "../core/prepared-statement.ts";
import { sentBytes } from "../core/sent-bytes.ts";
import { messages, sessionSummaries, turnClaims, turns } from "../schema.ts";
import type { HeldSession } from "./held-claim.ts";

/** How many messages are read for a turn's prompts, however short they are. */
const maxNewestRows = 400;
/** How many are read from the oldest that no summary covers, so that a summary can always catch up. */
const maxOldestRows = 300;
const maxOldestCharacters = 400_000;
/** Bytes of each block as JSON: the answer to an open also has a claim, a summary and perhaps a turn to be retried. */
const maxNewestBytes = 1_500_000;
const maxOldestBytes = 1_000_000;

/** How many characters of conversation an agent of each model can hold, and one of any other model. */
export type HistoryCharacters = { byAlias: Record<string, number>; otherwise: number };

/** A message with its stored estimate; null: it was stored without one. */
export type StoredMessage = TranscriptMessage & { estimatedTokens: number | null };

export type SessionWindow = {
  /** What the agents may be sent, oldest first. Gaps are only between the user messages of the last turns. */
  newest: StoredMessage[];
  /** From the first message that no summary covers, without gaps; empty where `newest` begins there. */
  oldest: StoredMessage[];
};

export type WindowBounds = HistoryCharacters & {
  /** How many of the newest turns always have their user messages read. */
  keepRawTurns: number;
};

/**
 * Reads two blocks of what came after the latest summary: the newest messages, until the largest budget of the roster is
 * full, and the oldest ones for a summary. A request that holds no claim reads nothing. Messages of `exceptTurnId` (a turn
 * that is retried) are left out.
 */
export function selectWindow(held: HeldSession, bounds: WindowBounds, exceptTurnId: string | null) {
  const { byAlias, otherwise, keepRawTurns } = bounds;
  const { sessionId, holder } = held;
  const values = { sessionId, holder, otherwise, keepRawTurns, exceptTurnId };
  return window<WindowRow>({ ...values, byAlias: JSON.stringify(byAlias) });
}

const sessionId = sql.placeholder("sessionId");
const holder = sql.placeholder("holder");

/** The text of a message; empty where prompts leave the message out. */
const shown = sql`case when n.excluded is null and n.deleted_at is null then n.content else '' end`;
const unsummarised = (order: SQL, rows: number, only: SQL) => sql`
    select n.id, n.seq, n.role, ${shown} as content, length(${shown}) as characters, octet_length(${shown}) as raw
    from ${messages} n
    where n.session_id = ${sessionId} and n.seq > (select to_seq from bounds)
      and n.turn_id is distinct from ${sql.placeholder("exceptTurnId")}::uuid
      and not exists (select 1 from ${messages} later where later.supersedes_id = n.id) ${only}
    order by n.${order} limit ${rows}`;
/** No oldest block where the newest messages reach back to the summary. */
const onlyBeyondNewest = sql`and n.visibility = 'shared'
  and not exists (select 1 from newest where seq = (select to_seq + 1 from bounds))`;

/**
 * Adds to rows, in an order, how many characters come before each and how many bytes up to its end. Once the plain bytes
 * exceed `maxBytes`, the bytes as JSON are not measured: the row is beyond the bound anyway.
 */
function measured(order: SQL, rows: SQL, maxBytes: number): SQL {
  return sql`
    select r.id, r.seq, r.role, r.characters_before, r.nth_of_role,
      sum(case when r.raw_through <= ${maxBytes} then ${sentBytes(sql`r.content`)} else ${maxBytes} + 1 end)
        over (order by ${order}) as sent_through
    from (
      select u.*, sum(u.characters) over (order by ${order}) - u.characters as characters_before,
        sum(u.raw) over (order by ${order}) as raw_through,
        row_number() over (partition by u.role order by ${order}) as nth_of_role
      from (${rows}) u
    ) r`;
}

type WindowValues = HeldSession & {
  byAlias: string;
  otherwise: number;
  keepRawTurns: number;
  exceptTurnId: string | null;
};

// Texts are read last, by id: they are long, and the steps before need only their lengths. A message that prompts leave
// out is read without its text, since summaries must cover the range of `seq` without gaps.
const window = prepareStatement<WindowValues>(sql`
    with bounds as materialized (
      select
        max(coalesce((${sql.placeholder("byAlias")}::jsonb ->> (a ->> 'modelAlias'))::int, ${sql.placeholder("otherwise")}::int)) as characters,
        coalesce((select max(to_seq) from ${sessionSummaries} where session_id = ${sessionId}), 0) as to_seq
      from ${turnClaims} c, jsonb_array_elements(c.snapshot -> 'roster') a
      where c.session_id = ${sessionId} and c.holder = ${holder}::uuid
    ), newest as materialized (
      select m.id, m.seq
      from (${measured(sql`seq desc`, unsummarised(sql`seq desc`, maxNewestRows, sql``), maxNewestBytes)}) m, bounds
      where m.sent_through <= ${maxNewestBytes}
        and (m.characters_before < bounds.characters
          or (m.role = 'user' and m.nth_of_role <= ${sql.placeholder("keepRawTurns")}::int and bounds.characters > 0))
    ), oldest as (
      select m.id
      from (${measured(sql`seq asc`, unsummarised(sql`seq asc`, maxOldestRows, onlyBeyondNewest), maxOldestBytes)}) m, bounds
      where m.sent_through <= ${maxOldestBytes}
        and m.characters_before < ${maxOldestCharacters} and bounds.characters is not null
    )
    select w.id, w.seq, t.turn_index, w.role, w.agent_key, w.agent_name, w.visibility,
      case when w.deleted_at is null then w.excluded else 'deleted' end as excluded,
      w.status = 'failed' as is_failure,
      w.estimated_tokens, case when w.excluded is null and w.deleted_at is null then w.content else '' end as content, b.is_newest, b.is_oldest
    from (
      select id, bool_or(is_newest) as is_newest, bool_or(not is_newest) as is_oldest
      from (select id, true as is_newest from newest union all select id, false from oldest) blocks group by id
    ) b join ${messages} w on w.id = b.id join ${turns} t on t.id = w.turn_id
    order by w.seq`);

type WindowRow = {
  id: string;
  seq: number;
  turn_index: number;
  role: TranscriptMessage["role"];
  agent_key: string | null;
  agent_name: string | null;
  visibility: TranscriptMessage["visibility"];
  excluded: TranscriptMessage["excluded"];
  is_failure: boolean;
  estimated_tokens: number | null;
  content: string;
  is_newest: boolean;
  is_oldest: boolean;
};

/** Splits the rows into their two blocks. A row may be in both. */
export function readWindow(rows: readonly WindowRow[]): SessionWindow {
  return {
    newest: rows.filter((row) => row.is_newest).map(toMessage),
    oldest: rows.filter((row) => row.is_oldest).map(toMessage),
  };
}

function toMessage(row: WindowRow): StoredMessage {
  return {
    id: row.id,
    seq: row.seq,
    turnIndex: row.turn_index,
    role: row.role,
    agentKey: row.agent_key,
    agentName: row.agent_name,
    visibility: row.visibility,
    excluded: row.excluded,
    isFailure: row.is_failure,
    content: row.content,
    estimatedTokens: row.estimated_tokens,
  };
}
