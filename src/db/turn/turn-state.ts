import { and, desc, eq } from "drizzle-orm";
import { notFound } from "../../domain/errors.ts";
import type { StoredProblem } from "../../domain/turn/queued-turn.ts";
import { askDatabase, type Db } from "../core/client.ts";
import { ownsSession } from "../rooms/owned-session.ts";
import { turnClaims, turnRuns } from "../schema.ts";
import { readPending, selectPending } from "./pending-turn.ts";
import { type SessionScope, selectOwnership } from "./turns.ts";

/** What is known of a turn's latest run: `live` while a claim names it. */
export type TurnState =
  | { kind: "live"; runId: string; turnId: string; leaseLeftMs: number }
  | { kind: "stored"; runId: string; turnId: string }
  /** The turn waits. Its first run will have its id. */
  | { kind: "queued"; runId: string; turnId: string }
  /** The turn waited, and was not started; `problem` null: it was cancelled. */
  | { kind: "ended"; turnId: string; problem: StoredProblem | null };

/** Reads the state of a turn of the user's session, in one batch. @throws PantheonError `not_found`. */
export async function loadTurnState(db: Db, scope: SessionScope, turnId: string): Promise<TurnState> {
  const { sessionId, userId } = scope;
  const [owned, [row], [run]] = await askDatabase(db, () =>
    db.batch([
      selectOwnership(db, scope),
      selectPending(db, { ...scope, turnId }),
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
  if (row !== undefined && row.runId !== null) {
    return { kind: "live", turnId, runId: row.runId, leaseLeftMs: Number(row.leaseLeftMs) };
  }
  if (run !== undefined) return { kind: "stored", turnId, ...run };
  const pending = readPending(row, { sessionId, turnId });
  if (pending === null) throw notFound();
  if (pending.status === "queued") return { kind: "queued", turnId, runId: pending.id };
  return { kind: "ended", turnId, problem: pending.problem };
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
