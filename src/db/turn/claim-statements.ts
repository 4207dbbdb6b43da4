import { sql } from "drizzle-orm";
import type { Claim } from "../../domain/turn/claim.ts";
import type { StoredProblem } from "../../domain/turn/queued-turn.ts";
import { selectWallet } from "../budgets/wallet.ts";
import { prepareStatement } from "../core/prepared-statement.ts";
import { queuedTurns, rooms, sessions, turnClaims } from "../schema.ts";

/** SQLSTATE of the fence `assert_claim`: the claim is no longer this holder's. */
export const claimLost = "PT409";

const sessionId = sql.placeholder("sessionId");
const runId = sql.placeholder("runId");
const holder = sql.placeholder("holder");
const isClaim = sql`session_id = ${sessionId} and run_id = ${runId} and holder = ${holder}`;

const lock = prepareStatement<{ sessionId: string }>(
  sql`select id from ${sessions} where id = ${sessionId} for update`,
);

/** The first statement of a batch that holds no claim. Later statements then see what the previous turn committed. */
export function lockSession(sessionId: string) {
  return lock<{ id: string }>({ sessionId });
}

const assert = prepareStatement<Claim>(
  sql`select assert_claim(${sessionId}::uuid, ${runId}::uuid, ${holder}::uuid)`,
);

/** The first statement of every batch of a run: locks the session, and raises `PT409` unless the claim is this holder's. */
export function assertClaim(claim: Claim) {
  return assert(claim);
}

const renew = prepareStatement<Claim & { leaseMs: number; maxHold: string | null }>(
  sql`select renew_lease(${sessionId}::uuid, ${runId}::uuid, ${holder}::uuid,
    ${sql.placeholder("leaseMs")}::int, ${sql.placeholder("maxHold")}::numeric),
    (select c.cancelled_at is not null from ${turnClaims} c where c.run_id = ${runId}::uuid) as "isCancelled"`,
);

/**
 * As `assertClaim`, and sets the lease. A renewal is sent beside the first model call, and says that the run has started.
 * Returns whether the run was cancelled, as it was known when the statement began.
 * @param maxHold lowers what the run holds of each budget to this amount, a decimal of credits. Null: the holds stay as they are.
 */
export function renewClaim(claim: Claim, leaseMs: number, maxHold: string | null) {
  return renew<{ isCancelled: boolean }>({ ...claim, leaseMs, maxHold });
}

/** The payer's balance without what the run holds, which ends with its claim. */
const balanceAfter = selectWallet(
  sql`(select r.owner_user_id from ${sessions} s join ${rooms} r on r.id = s.room_id where s.id = turn_claims.session_id)`,
  sql`turn_claims.run_id`,
);

const removed = sql`delete from ${turnClaims} where ${isClaim}
    returning (select w.balance from (${balanceAfter}) w) as "walletLeft"`;
const remove = prepareStatement<Claim>(removed);

/** Deletes the claim, and with it what its run holds of budgets. */
export function deleteClaim(claim: Claim) {
  return remove<{ walletLeft: string | null }>(claim);
}

const end = prepareStatement<Claim & { title: string | null; at: string }>(
  sql`with noted as (
      update ${sessions} set title = coalesce(title, ${sql.placeholder("title")}::text),
        last_turn_at = ${sql.placeholder("at")}::timestamptz where id = ${sessionId}
    ) ${removed}`,
);

/**
 * As `deleteClaim`, of a run that is stored: its session takes `title` where it has none; null: none is made. Returns what
 * is left in the payer's wallet then.
 */
export function endClaim(claim: Claim, noted: { title: string | null; at: Date }) {
  return end<{ walletLeft: string | null }>({ ...claim, title: noted.title, at: noted.at.toISOString() });
}

const keepProblem = prepareStatement<Claim & { problem: string }>(
  sql`insert into ${queuedTurns} (id, session_id, seq, user_id, idempotency_key, request_hash, request, status, problem,
      created_at, ended_at)
    select c.turn_id, c.session_id,
      coalesce((select max(q.seq) from ${queuedTurns} q where q.session_id = c.session_id), 0) + 1,
      r.owner_user_id, c.idempotency_key, c.request_hash, c.request, 'refused', ${sql.placeholder("problem")}::jsonb,
      c.opened_at, clock_timestamp()
    from ${turnClaims} c join ${sessions} s on s.id = c.session_id join ${rooms} r on r.id = s.room_id
    where c.session_id = ${sessionId} and c.run_id = ${runId} and c.holder = ${holder} and c.was_queued
    on conflict do nothing`,
);

/** Before the claim of a turn that waited is deleted: the queue keeps why the turn is not stored. */
export function keepRefusal(claim: Claim, problem: StoredProblem) {
  return keepProblem<never>({ ...claim, problem: JSON.stringify(problem) });
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
