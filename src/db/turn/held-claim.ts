import { and, eq, sql } from "drizzle-orm";
import { checkpointColumns, isLatestCheckpoint, type Texts } from "../checkpoint/stored-checkpoints.ts";
import { readableColumns } from "../core/instant.ts";
import { prepareSelect, selectBuilder } from "../core/prepared-statement.ts";
import { checkpoints, messages, turnClaims } from "../schema.ts";

export type HeldSession = { sessionId: string; holder: string };

/** The claim of a session, where this holder has it. */
export const isHeld = and(
  eq(turnClaims.sessionId, sql.placeholder("sessionId")),
  eq(turnClaims.holder, sql.placeholder("holder")),
);

/** The latest checkpoint of a run that was taken over. A new run has none. */
const isOfTakenRun = and(
  sql`${turnClaims.pastHolders} <> '[]'::jsonb`,
  isLatestCheckpoint(sql`${turnClaims.runId}::text`),
);

const prepareHeldClaim = (texts: Texts) =>
  prepareSelect(() =>
    selectBuilder
      .select({
        claim: readableColumns(turnClaims),
        /** Highest `seq` of the session's messages, 0 where there is none. */
        lastSeq: sql<number>`(select coalesce(max(m.seq), 0)::int from ${messages} m
          where m.session_id = ${turnClaims.sessionId})`,
        checkpoint: checkpointColumns(texts),
      })
      .from(turnClaims)
      .leftJoin(checkpoints, isOfTakenRun)
      .where(isHeld),
  );

const heldClaim = {
  with_texts: prepareHeldClaim("with_texts"),
  without_texts: prepareHeldClaim("without_texts"),
} satisfies Record<Texts, unknown>;

/** Reads the claim, the session's highest `seq`, and the run's latest checkpoint. A request that holds no claim reads nothing. */
export function selectHeldClaim({ sessionId, holder }: HeldSession, texts: Texts) {
  return heldClaim[texts]({ sessionId, holder });
}
