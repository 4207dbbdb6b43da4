import { sql } from "drizzle-orm";
import type { Claim } from "../../domain/turn/claim.ts";
import { selectWallet } from "../budgets/wallet.ts";
import { prepareStatement } from "../core/prepared-statement.ts";
import { budgetHolds, rooms, sessions, turnClaims } from "../schema.ts";

/** SQLSTATE of the fence `assert_claim`: the claim is no longer this holder's. */
export const claimLost = "PT409";

const sessionId = sql.placeholder("sessionId");
const runId = sql.placeholder("runId");
const holder = sql.placeholder("holder");
const isClaim = sql`session_id = ${sessionId} and run_id = ${runId} and holder = ${holder}`;

const lock = prepareStatement<{ sessionId: string }>(
  sql`select id from ${sessions} where id = ${sessionId} for update`,
);

/** The first statement of every batch of a run. Later statements then see what the previous turn committed. */
export function lockSession(sessionId: string) {
  return lock<{ id: string }>({ sessionId });
}

const assert = prepareStatement<Claim>(
  sql`select assert_claim(${sessionId}::uuid, ${runId}::uuid, ${holder}::uuid)`,
);

/** The fence: raises `PT409` unless the claim is this holder's. */
export function assertClaim(claim: Claim) {
  return assert(claim);
}

const note = prepareStatement<{ sessionId: string; title: string | null; at: string }>(
  sql`update ${sessions} set title = coalesce(title, ${sql.placeholder("title")}::text),
    last_turn_at = ${sql.placeholder("at")}::timestamptz where id = ${sessionId}`,
);

/** The session has had a run stored. It takes `title` where it has none; null: none is made. */
export function noteRun(noted: { sessionId: string; title: string | null; at: string }) {
  return note<never>(noted);
}

const extend = prepareStatement<Claim & { leaseMs: number }>(
  sql`update ${turnClaims} set "has_begun" = true, "lease_until" = clock_timestamp() + ${sql.placeholder("leaseMs")} * interval '1 millisecond'
    where ${isClaim} returning session_id`,
);

const extendAndLower = prepareStatement<Claim & { leaseMs: number; maxHold: string }>(
  sql`with renewed as (
      update ${turnClaims} set "has_begun" = true, "lease_until" = clock_timestamp() + ${sql.placeholder("leaseMs")} * interval '1 millisecond'
      where ${isClaim} returning session_id, run_id
    ), lowered as (
      update ${budgetHolds} set amount = least(amount, ${sql.placeholder("maxHold")}::numeric)
      where run_id in (select run_id from renewed)
    )
    select session_id from renewed`,
);

/**
 * A renewal is sent beside the first model call, and says that the run has begun. No row: the claim has another holder.
 * @param maxHold lowers what the run holds of each budget to this amount, a decimal of credits. Null: the holds stay as they are.
 */
export function extendLease(claim: Claim, leaseMs: number, maxHold: string | null = null) {
  return maxHold === null ? extend({ ...claim, leaseMs }) : extendAndLower({ ...claim, leaseMs, maxHold });
}

/** The payer's balance without what the run holds, which ends with its claim. */
const balanceAfter = selectWallet(
  sql`(select r.owner_user_id from ${sessions} s join ${rooms} r on r.id = s.room_id where s.id = turn_claims.session_id)`,
  sql`turn_claims.run_id`,
);

const remove = prepareStatement<Claim>(
  sql`delete from ${turnClaims} where ${isClaim}
    returning (select w.balance from (${balanceAfter}) w) as "walletLeft"`,
);

/** Deletes the claim, and with it what its run holds of budgets. Returns what is left in the payer's wallet then. */
export function deleteClaim(claim: Claim) {
  return remove<{ walletLeft: string | null }>(claim);
}

const markRefused = prepareStatement<Claim & { refusalScales: string }>(
  sql`update ${sessions}
    set refused_run_id = ${runId}, refusal_scales = refusal_scales || ${sql.placeholder("refusalScales")}::jsonb
    where id = ${sessionId}`,
);

/**
 * Keeps a late copy of the run's open from taking the claim again. The session takes over `refusalScales`, by model
 * alias (see session-state.ts).
 */
export function markRunRefused(claim: Claim, refusalScales: Readonly<Record<string, number>>) {
  return markRefused({ ...claim, refusalScales: JSON.stringify(refusalScales) });
}
