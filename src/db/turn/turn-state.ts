import { and, desc, eq, sql } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { turnClaims, turnRuns } from "../schema.ts";
import { type SessionScope, selectOwnership } from "./turns.ts";

/** What is known of a turn's latest run: `live` while a claim names it. */
export type TurnState =
  | { kind: "live"; runId: string; turnId: string; leaseLeftMs: number }
  | { kind: "stored"; runId: string; turnId: string };

/** Reads the state of a turn of the user's session, in one batch. @throws PantheonError `not_found`. */
export async function loadTurnState(db: Db, scope: SessionScope, turnId: string): Promise<TurnState> {
  const { sessionId, userId } = scope;
  const [owned, [claim], [run]] = await askDatabase(db, () =>
    db.batch([
      selectOwnership(db, scope),
      db
        .select({
          runId: turnClaims.runId,
          leaseLeftMs:
            sql`ceil(extract(epoch from ${turnClaims.leaseUntil} - clock_timestamp()) * 1000)`.mapWith(
              Number,
            ),
        })
        .from(turnClaims)
        .where(
          and(
            eq(turnClaims.sessionId, sessionId),
            eq(turnClaims.turnId, turnId),
            ownsSession(sessionId, userId),
          ),
        ),
      db
        .select({ runId: turnRuns.id })
        .from(turnRuns)
        .where(
          and(eq(turnRuns.sessionId, sessionId), eq(turnRuns.turnId, turnId), ownsSession(sessionId, userId)),
        )
        .orderBy(desc(turnRuns.createdAt), desc(turnRuns.id))
        .limit(1),
    ]),
  );
  if (owned.rows[0]?.owned !== true) throw notFound();
  if (claim !== undefined) return { kind: "live", turnId, ...claim };
  if (run !== undefined) return { kind: "stored", turnId, ...run };
  throw notFound();
}

/** The turn that the user's session is executing; undefined: none. @throws PantheonError `not_found`. */
export async function findLiveTurn(db: Db, scope: SessionScope): Promise<string | undefined> {
  const { sessionId, userId } = scope;
  const [owned, [claim]] = await askDatabase(db, () =>
    db.batch([
      selectOwnership(db, scope),
      db
        .select({ turnId: turnClaims.turnId })
        .from(turnClaims)
        .where(and(eq(turnClaims.sessionId, sessionId), ownsSession(sessionId, userId))),
    ]),
  );
  if (owned.rows[0]?.owned !== true) throw notFound();
  return claim?.turnId;
}
