import { and, asc, desc, eq, gt, inArray, lt, sql } from "drizzle-orm";
import { parseDecimal } from "../../domain/billing/pricing.ts";
import type { UsageSum } from "../../domain/billing/usage-sum.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { type Page, type PageRequest, readFittingPage } from "../core/page.ts";
import { selectFitting, sentBytes } from "../core/sent-bytes.ts";
import { llmCallEvents, messages, toolCallEvents, turns } from "../schema.ts";
import type { StoredTurn } from "./stored-turn.ts";
import {
  completeTurn,
  isShared,
  messageBytes,
  type ReadTurn,
  readTurnCredits,
  selectMessages,
  selectToolEvents,
  selectTurnCredits,
  selectTurns,
  type TurnCreditsRow,
} from "./turn-rows.ts";
import { isTurnOf, type SessionScope, selectOwnership } from "./turns.ts";

/** A turn as a list shows it: the replies, and the usage of all calls as one sum. */
export type ListedTurn = Omit<StoredTurn, "ledger"> & { usage: UsageSum };

/** `newestFirst`: the page begins with the latest turn, and `after` names the turn before which it begins. */
export type TurnsRequest = PageRequest & { newestFirst: boolean };

/** Bytes of a row beside its texts. */
const rowBytes = 600;

/** Replies, also those that a retry replaced; no messages of tools. */
const isReply = and(isShared, eq(messages.role, "assistant"));

/**
 * A page of the session's turns by `turn_index`, in one batch. Long turns end a page before `limit`, but it has at least
 * one turn.
 * @throws PantheonError `not_found` where the session is not the user's.
 */
export async function loadTurns(
  db: Db,
  scope: SessionScope,
  request: TurnsRequest,
): Promise<Page<ListedTurn>> {
  const after = request.after ?? null;
  const [isBeyond, inOrder] = request.newestFirst ? ([lt, desc] as const) : ([gt, asc] as const);
  const cursorIndex = sql`(select c.turn_index from ${turns} c where c.id = ${after}::uuid and c.session_id = ${scope.sessionId})`;
  const inPage = and(isTurnOf(scope), after === null ? undefined : isBeyond(turns.turnIndex, cursorIndex));
  const rank = request.newestFirst ? sql`-${turns.turnIndex}` : sql`${turns.turnIndex}`;
  const nearest = sql`select ${turns.id} as id, ${rank} as rank,
      octet_length(${turns.userInput}) + octet_length(${turns.assistantOutput}) as raw
    from ${turns} where ${inPage} order by ${inOrder(turns.turnIndex)} limit ${request.limit + 1}`;
  const ids = selectFitting({ nearest, bytes: turnBytes, limit: request.limit });
  const [owned, cursor, matched, turnRows, messageRows, usages, toolEvents, credits] = await askDatabase(
    db,
    () =>
      db.batch([
        selectOwnership(db, scope),
        db
          .select({ id: turns.id })
          .from(turns)
          .where(and(isTurnOf(scope), sql`${turns.id} = ${after}::uuid`)),
        db.execute<{ rows: number }>(sql`select count(*)::int as rows from (${nearest}) n`),
        selectTurns(db, inArray(turns.id, ids)),
        selectMessages(db, ids, { only: isReply }),
        db.execute<UsageRow>(selectUsage(ids)),
        selectToolEvents(db, ids),
        selectTurnCredits(db, ids, scope.userId),
      ]),
  );
  const found = request.newestFirst ? turnRows.toReversed() : turnRows;
  const { rows, hasMore } = readFittingPage(request, { owned, cursor, matched, found });
  const parts = { messages: messageRows, usages: usages.rows, toolEvents, credits: credits.rows };
  return { rows: toListedTurns(rows, parts), hasMore };
}

type TurnParts = {
  messages: StoredTurn["messages"];
  usages: UsageRow[];
  toolEvents: StoredTurn["toolEvents"];
  credits: TurnCreditsRow[];
};

/** Each turn with the parts that are its own. */
function toListedTurns(rows: readonly ReadTurn[], parts: TurnParts): ListedTurn[] {
  const messagesByTurn = Map.groupBy(parts.messages, ({ turnId }) => turnId);
  const usageByTurn = new Map(parts.usages.map((row) => [row.turn_id, toUsageSum(row)]));
  const toolEventsByTurn = Map.groupBy(parts.toolEvents, ({ turnId }) => turnId);
  return rows.map((row) => {
    const replies = messagesByTurn.get(row.id) ?? [];
    return {
      turn: completeTurn(row, replies),
      messages: replies,
      usage: usageByTurn.get(row.id) ?? noUsage,
      toolEvents: toolEventsByTurn.get(row.id) ?? [],
      ...readTurnCredits(parts.credits, row.id),
    };
  });
}

/** Bytes of what `loadTurns` selects of a turn, as JSON. */
const turnBytes = sql`${rowBytes}::int
  + (select ${sentBytes(sql`t.user_input`)} from ${turns} t where t.id = n.id)
  + (select coalesce(sum(${rowBytes}::int + ${messageBytes({ content: sql`m.content`, partial: sql`m.partial` })}), 0)::int from ${messages} m
      where m.turn_id = n.id and m.visibility = 'shared' and m.role = 'assistant')
  + (select coalesce(sum(${rowBytes}::int + ${sentBytes(sql`e.input`)} + ${sentBytes(sql`e.output`)}), 0)::int
      from ${toolCallEvents} e where e.turn_id = n.id)`;

type UsageRow = {
  turn_id: string;
  calls: number;
  fresh: string;
  cached: string;
  output: string;
  credits: string;
};

const selectUsage = (ids: ReturnType<typeof selectFitting>) => sql`
  select turn_id, count(*)::int as calls, sum(input_tokens_fresh) as fresh, sum(input_tokens_cached) as cached,
    sum(output_tokens) as output, sum(credits) as credits
  from ${llmCallEvents} where turn_id in ${ids} and status <> 'unknown' group by turn_id`;

const noUsage: UsageSum = {
  calls: 0,
  inputTokensFresh: 0,
  inputTokensCached: 0,
  outputTokens: 0,
  totalTokens: 0,
  creditsE8: 0n,
};

function toUsageSum({ calls, fresh, cached, output, credits }: UsageRow): UsageSum {
  return {
    calls,
    inputTokensFresh: Number(fresh),
    inputTokensCached: Number(cached),
    outputTokens: Number(output),
    totalTokens: Number(fresh) + Number(cached) + Number(output),
    creditsE8: parseDecimal(credits, 8),
  };
}
