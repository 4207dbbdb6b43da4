import { and, asc, type Column, eq, inArray, type SQL, sql } from "drizzle-orm";
import { joinStandingReplies } from "../../domain/turn/current-replies.ts";
import type { Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { cutCharacters, maxPageBytes, sentBytes } from "../core/sent-bytes.ts";
import { llmCallEvents, messages, toolCallEvents, turns } from "../schema.ts";
import type { StoredTurn, TurnRow } from "./stored-turn.ts";

/** Of one turn, in one answer with its messages. Turns of today are smaller (src/domain/turn/turn-size.ts). */
const maxToolBytes = 3 * 1024 * 1024;

export type TurnTextBounds = { messageBytes: number; toolBytes: number };

const shownBounds: TurnTextBounds = { messageBytes: maxPageBytes, toolBytes: maxToolBytes };

/** For an open, whose answer has the session's window in it, and for a takeover; a turn of today is smaller. */
export const retriedTurnBounds: TurnTextBounds = { messageBytes: 2_500_000, toolBytes: 2_500_000 };

/** Turns by `turn_index`, but for their answers as one text: that is in their messages. */
export function selectTurns(db: Db, condition: SQL | undefined) {
  const { assistantOutput: _, ...columns } = readableColumns(turns);
  return db.select(columns).from(turns).where(condition).orderBy(asc(turns.turnIndex));
}

/**
 * The messages of the turns whose ids `turnIds` selects, by `seq`. Of a turn whose texts are more than the bound,
 * those beyond it are cut.
 */
export function selectMessages(db: Db, turnIds: SQL, { only, bounds = shownBounds }: MessageSelection = {}) {
  const through = sql`sum(${sentBytes(messages.content)}) over (
    partition by ${messages.turnId} order by ${messages.seq})`;
  return db
    .select({ ...readableColumns(messages), ...cutContent(through, bounds.messageBytes) })
    .from(messages)
    .where(and(inArray(messages.turnId, turnIds), only))
    .orderBy(asc(messages.seq));
}

/** A message's text, of which the beginning is left where `bytes` are more than `maxBytes`; and whether that is so. */
export function cutContent(bytes: SQL, maxBytes: number) {
  const { content } = messages;
  const isCut = sql<boolean>`(${bytes} > ${maxBytes}::int and length(${content}) > ${cutCharacters}::int)`;
  return {
    content: sql<string>`case when ${isCut} then left(${content}, ${cutCharacters}::int) else ${content} end`,
    isCut,
  };
}

type MessageSelection = { only?: SQL | undefined; bounds?: TurnTextBounds };

/** What everyone in the session may see. */
export const isShared = eq(messages.visibility, "shared");

/**
 * Where an agent's part of a run begins in the session. What has no `seq` of its own is listed by it: a run's
 * times hold the clock of the Worker that stored it, and another Worker may have stored the run before.
 */
export function firstSeq({ runId, agentKey }: { runId: Column; agentKey: Column }): SQL {
  return sql`(select min(m.seq) from ${messages} m where m.run_id = ${runId} and m.agent_key = ${agentKey})`;
}

/** Their ledger rows, run by run: of each run by agent, in the order of its calls; what has no reply last. */
export function selectLedger(db: Db, turnIds: SQL) {
  const { runId, agentKey, round, id } = llmCallEvents;
  return db
    .select(readableColumns(llmCallEvents))
    .from(llmCallEvents)
    .where(inArray(llmCallEvents.turnId, turnIds))
    .orderBy(asc(firstSeq(llmCallEvents)), asc(runId), asc(agentKey), asc(round), asc(id));
}

/**
 * And what their agents did with tools, likewise: of each agent in the order in which it was done. Of a turn where
 * that is more than the bound, what went in and came out beyond it is left out.
 */
export function selectToolEvents(db: Db, turnIds: SQL, { toolBytes }: TurnTextBounds = shownBounds) {
  const { turnId, runId, agentKey, round, id, input, output } = toolCallEvents;
  const through = sql`sum(${sentBytes(input)} + ${sentBytes(output)}) over (partition by ${turnId} order by ${id})`;
  const isCut = sql`${through} > ${toolBytes}::int`;
  return db
    .select({
      ...readableColumns(toolCallEvents),
      input: sql<unknown>`case when ${isCut} then 'null' else ${input} end`.mapWith(input),
      output: sql<unknown>`case when ${isCut} then 'null' else ${output} end`.mapWith(output),
      isCut: sql<boolean>`${isCut}`,
    })
    .from(toolCallEvents)
    .where(inArray(turnId, turnIds))
    .orderBy(asc(firstSeq(toolCallEvents)), asc(runId), asc(agentKey), asc(round), asc(id));
}

type ReadTurn = Omit<TurnRow, "assistantOutput">;

/** A turn as it was stored: its answers as one text follow from its messages, and are not read besides. */
export function completeTurn<Row extends ReadTurn>(row: Row, rows: StoredTurn["messages"]) {
  return { ...row, assistantOutput: joinStandingReplies(rows) };
}
