import { sql } from "drizzle-orm";
import { prepareStatement } from "../core/prepared-statement.ts";
import { sessions, turnClaims } from "../schema.ts";

/** Who holds which run. */
export type ClaimHold = { sessionId: string; runId: string; holder: string };

/** SQLSTATE of the fence `assert_claim`: the claim is no longer ours. */
export const claimLost = "PT409";

const sessionId = sql.placeholder("sessionId");
const runId = sql.placeholder("runId");
const holder = sql.placeholder("holder");
const isHold = sql`session_id = ${sessionId} and run_id = ${runId} and holder = ${holder}`;

const lock = prepareStatement<{ sessionId: string }>(
  sql`select id from ${sessions} where id = ${sessionId} for update`,
);

/** Begins every batch of a run: later statements then see what the turn before committed. */
export function lockSession(sessionId: string) {
  return lock<{ id: string }>({ sessionId });
}

const assert = prepareStatement<ClaimHold>(
  sql`select assert_claim(${sessionId}::uuid, ${runId}::uuid, ${holder}::uuid)`,
);

/** The fence: raises `PT409` unless the claim is this holder's. */
export function assertClaim(hold: ClaimHold) {
  return assert(hold);
}

const extend = prepareStatement<ClaimHold & { leaseMs: number }>(
  sql`update ${turnClaims} set "lease_until" = clock_timestamp() + ${sql.placeholder("leaseMs")} * interval '1 millisecond'
    where ${isHold}`,
);

export function extendLease(hold: ClaimHold, leaseMs: number) {
  return extend({ ...hold, leaseMs });
}

const remove = prepareStatement<ClaimHold>(sql`delete from ${turnClaims} where ${isHold}`);

export function deleteClaim(hold: ClaimHold) {
  return remove(hold);
}

const markRefused = prepareStatement<{ sessionId: string; runId: string }>(
  sql`update ${sessions} set refused_run_id = ${runId} where id = ${sessionId}`,
);

/** No copy of the run's open makes a claim for it any more. */
export function markRunRefused({ sessionId, runId }: { sessionId: string; runId: string }) {
  return markRefused({ sessionId, runId });
}
