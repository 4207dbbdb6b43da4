import { and, asc, type Column, eq, inArray, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { joinCurrentReplies } from "../../domain/turn/current-replies.ts";
import { selectWallet } from "../budgets/wallet.ts";
import type { Db } from "../core/client.ts";
import { readableColumns } from "../core/instant.ts";
import { cutCharacters, maxPageBytes, sentBytes } from "../core/sent-bytes.ts";
import { llmCallEvents, messages, toolCallEvents, turnRuns, turns } from "../schema.ts";
import type { StoredTurn, TurnCredits, TurnRow } from "./stored-turn.ts";

/** Bytes of a turn's tool events in an answer that also has its messages. New turns are smaller (turn-limiter.ts). */
const maxToolBytes = 3 * 1024 * 1024;

export type TurnTextBounds = { messageBytes: number; toolBytes: number };

const shownBounds: TurnTextBounds = { messageBytes: maxPageBytes, toolBytes: maxToolBytes };

/** For an open, whose answer also has the session's window, and for a takeover. New turns are smaller. */
export const retriedTurnBounds: TurnTextBounds = { messageBytes: 2_500_000, toolBytes: 2_500_000 };

/** Turns by `turn_index`, without `assistant_output`: it follows from their messages. */
export function selectTurns(db: Db, condition: SQL | undefined) {
  const { assistantOutput: _, userInput, ...columns } = readableColumns(turns);
  const shownInput = sql<string>`case when ${isQuestionDeleted(turns.id)} then '' else ${userInput} end`;
  return db
    .select({ ...columns, userInput: shownInput })
    .from(turns)
    .where(condition)
    .orderBy(asc(turns.turnIndex));
}

/**
 * The messages of the turns whose ids `turnIds` selects, by `seq`. Where the texts of a turn exceed the bound, those beyond
 * it are cut.
 */
export function selectMessages(db: Db, turnIds: SQL, { only, bounds = shownBounds }: MessageSelection = {}) {
  const through = sql`sum(${messageBytes(messages)}) over (
    partition by ${messages.turnId} order by ${messages.seq})`;
  return db
    .select({ ...readableColumns(messages), ...cutContent(through, bounds.messageBytes) })
    .from(messages)
    .where(and(inArray(messages.turnId, turnIds), only))
    .orderBy(asc(messages.seq));
}

/** Whether the user has deleted the message that a turn answers. */
export function isQuestionDeleted(turnId: SQLWrapper): SQL<boolean> {
  return sql<boolean>`exists (select 1 from ${messages} q
    where q.turn_id = ${turnId} and q.role = 'user' and q.deleted_at is not null)`;
}

/** Bytes of a message's texts in the answer. */
export function messageBytes({
  content,
  partial,
}: {
  content: SQLWrapper;
  partial: SQLWrapper;
}): SQL<number> {
  return sql<number>`(${sentBytes(content)} + ${sentBytes(partial)})`;
}

/** A message's texts, empty where it was deleted, and whether they are cut: to their beginning, where `bytes` exceed `maxBytes`. */
export function cutContent(bytes: SQL, maxBytes: number) {
  const { content, partial, deletedAt } = messages;
  const isCut = sql<boolean>`(${bytes} > ${maxBytes}::int
    and greatest(length(${content}), length(${partial})) > ${cutCharacters}::int)`;
  const cut = (text: SQLWrapper) =>
    sql`case when ${isCut} then left(${text}, ${cutCharacters}::int) else ${text} end`;
  return {
    content: sql<string>`case when ${deletedAt} is not null then '' else ${cut(content)} end`,
    partial: sql<string | null>`case when ${deletedAt} is null then ${cut(partial)} end`,
    isCut,
  };
}

type MessageSelection = { only?: SQL | undefined; bounds?: TurnTextBounds };

/** Messages that everyone in the session may see. */
export const isShared = eq(messages.visibility, "shared");

/** The step of a row; a row of the version before steps has none. */
function stepOf({ step, agentKey }: { step: Column; agentKey: Column }): SQL {
  return sql`coalesce(${step}, ${agentKey} || '#1')`;
}

/**
 * The first `seq` of a step's messages in a run. Rows without a `seq` of their own are ordered by it: their times come from
 * the clocks of different Workers.
 */
export function firstSeq({ runId, ...row }: { runId: Column; step: Column; agentKey: Column }): SQL {
  return sql`(select min(m.seq) from ${messages} m
    where m.run_id = ${runId} and coalesce(m.step, m.agent_key || '#1') = ${stepOf(row)})`;
}

/** The ledger rows of turns, by run, step and call. Rows without a reply come last. */
export function selectLedger(db: Db, turnIds: SQL) {
  const { runId, round, id } = llmCallEvents;
  return db
    .select(readableColumns(llmCallEvents))
    .from(llmCallEvents)
    .where(inArray(llmCallEvents.turnId, turnIds))
    .orderBy(asc(firstSeq(llmCallEvents)), asc(runId), asc(stepOf(llmCallEvents)), asc(round), asc(id));
}

/**
 * The tool events of turns, by run, step and execution. Where a turn's inputs and outputs exceed the bound, those beyond it
 * are left out.
 */
export function selectToolEvents(db: Db, turnIds: SQL, { toolBytes }: TurnTextBounds = shownBounds) {
  const { turnId, runId, round, place, id, input, output } = toolCallEvents;
  const through = sql`sum(${sentBytes(input)} + ${sentBytes(output)}) over (partition by ${turnId} order by ${round}, ${id})`;
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
    .orderBy(
      asc(firstSeq(toolCallEvents)),
      asc(runId),
      asc(stepOf(toolCallEvents)),
      asc(round),
      asc(place),
      asc(id),
    );
}

export type TurnCreditsRow = TurnCredits & { turnId: string };

/** What the latest run of each turn was granted, and the balance of the user's wallet now. */
export function selectTurnCredits(db: Db, turnIds: SQL, userId: string) {
  return db.execute<TurnCreditsRow>(sql`
    select u.turn_id as "turnId", (array_agg(u.granted_credits order by u.created_at desc, u.id desc))[1]::text as granted,
      (select w.balance from (${selectWallet(sql`${userId}`)}) w) as "walletLeft"
    from ${turnRuns} u where u.turn_id in ${turnIds} group by u.turn_id`);
}

/** The turn's row of `selectTurnCredits`, as a stored turn has it. */
export function readTurnCredits(rows: readonly TurnCreditsRow[], turnId: string): { credits?: TurnCredits } {
  const row = rows.find((one) => one.turnId === turnId);
  return row === undefined ? {} : { credits: { granted: row.granted, walletLeft: row.walletLeft } };
}

export type ReadTurn = Omit<TurnRow, "assistantOutput">;

/** Adds `assistant_output`, which follows from the turn's messages and is not read. */
export function completeTurn<Row extends ReadTurn>(row: Row, rows: StoredTurn["messages"]) {
  return { ...row, assistantOutput: joinCurrentReplies(rows) };
}
