import { and, eq, type SQL, sql } from "drizzle-orm";
import { readableColumns } from "../core/instant.ts";
import { prepareSelect, selectBuilder } from "../core/prepared-statement.ts";
import { type TurnFileRow, turnFilesOfClaim } from "../files/turn-files.ts";
import { sessionSummaries, turnClaims } from "../schema.ts";
import { type HeldSession, isHeld } from "./held-claim.ts";
import { type TokenCount, tokenCountsOfClaim } from "./token-counts.ts";

const isLatestSummary = and(
  eq(sessionSummaries.sessionId, turnClaims.sessionId),
  sql`${sessionSummaries.toSeq} = (select max(l.to_seq) from ${sessionSummaries} l
    where l.session_id = ${turnClaims.sessionId})`,
);

/** A subquery's rows, in its order, as one JSON list. */
function listOf<Row>(subquery: SQL) {
  return sql<Row[]>`(select coalesce(json_agg(l), '[]') from (${subquery}) l)`;
}

const promptParts = prepareSelect(() =>
  selectBuilder
    .select({
      /** The latest summary of the session. */
      summary: readableColumns(sessionSummaries),
      tokenCounts: listOf<TokenCount>(tokenCountsOfClaim),
      files: listOf<TurnFileRow>(turnFilesOfClaim),
    })
    .from(turnClaims)
    .leftJoin(sessionSummaries, isLatestSummary)
    .where(isHeld),
);

/**
 * Reads what a run's prompts need beside its messages. A request that holds no claim reads nothing.
 * @param alias the model that answers for every agent of this turn.
 */
export function selectPromptParts(held: HeldSession & { userId: string }, alias: string | null) {
  const { sessionId, holder, userId } = held;
  return promptParts({ sessionId, holder, userId, alias });
}
