import { type SQL, sql } from "drizzle-orm";
import type { RunPricing } from "../../domain/billing/run-pricing.ts";
import { noSynthesis } from "../../domain/plan/orchestration.ts";
import { turnBounds } from "../../domain/turn/turn-limiter.ts";
import { claimWithinBudgets, type GrantRequest } from "../budgets/claim-budgets.ts";
import {
  type ClaimedRequest,
  modelPrices,
  pricingVersions,
  queuedTurns,
  roomAgents,
  rooms,
  sessions,
  turnClaims,
  turnRuns,
  turns,
} from "../schema.ts";
import { isQuestionDeleted } from "./turn-rows.ts";

export type ClaimRequest = GrantRequest & {
  sessionId: string;
  userId: string;
  /** Id of the run that this open would start. The first run of a turn has the turn's id. */
  runId: string;
  /** Id of a new turn's message. */
  userMessageId: string;
  holder: string;
  idempotencyKey: string | null;
  requestHash: string;
  leaseMs: number;
  /** The prices of this deployment. */
  pricing: RunPricing;
  /** The model that answers for every agent of this turn. */
  modelAliasOverride: string | null;
  /** The turn waits at the head of the session's queue. Its entry is deleted as its claim is taken. */
  isQueued: boolean;
} & ({ kind: "turn"; request: ClaimedRequest } | { kind: "retry"; turnId: string });

/**
 * Takes the claim where there is none and the request's key is not stored. A claim of the same request whose lease has run
 * out is taken over: run, snapshot and index stay, and its holder becomes a past holder. A claim of another request whose
 * lease has run out stays, and so does one that was cancelled; recovery settles it.
 * A copy of this request may arrive at any later time. It makes no claim for a run that is stored or was refused, and
 * does not return the claim to a holder that was replaced. Where a budget has too little left, no new claim is made.
 * Where turns wait in the session's queue, only the first of them gets a new claim.
 * Returns the budgets of a new run, as they were before it (see claim-budgets.ts).
 */
export function takeClaim(claim: ClaimRequest): SQL {
  return claimWithinBudgets(claim, {
    mayStart: mayStart(claim),
    takeClaim: sql`
    insert into ${turnClaims} (session_id, run_id, turn_id, kind, turn_index, idempotency_key, request_hash,
      request, snapshot, granted_credits, opened_at, has_begun, holder, lease_until, was_queued)
    select s.id, ${claim.runId}::uuid, ${claimedTurn(claim)}, ${claim.idempotencyKey}::text, ${claim.requestHash},
      ${claimedRequest(claim)}, ${snapshot(claim)}, g.amount, now(), false,
      ${claim.holder}::uuid, clock_timestamp() + ${claim.leaseMs} * interval '1 millisecond', ${claim.isQueued}::boolean
    from ${sessions} s join ${rooms} r on r.id = s.room_id cross join run_grant g ${retriedTurn(claim)}
    where g.is_enough and s.id = ${claim.sessionId} and s.deleted_at is null and r.deleted_at is null
      and r.owner_user_id = ${claim.userId}
      and s.refused_run_id is distinct from ${claim.runId}::uuid
      and not exists (select 1 from ${turnRuns} u where u.id = ${claim.runId}::uuid)
      and not exists (select 1 from ${turnRuns} u
        where u.session_id = s.id and u.idempotency_key = ${claim.idempotencyKey}::text)
      and (${mayStart(claim)} or exists (select 1 from ${turnClaims} c where c.session_id = s.id))
    on conflict (session_id) do update set ${takeOver(sql`excluded.holder`, claim.leaseMs)}
    where turn_claims.lease_until <= clock_timestamp() and turn_claims.cancelled_at is null
      and turn_claims.idempotency_key = excluded.idempotency_key
      and turn_claims.request_hash = excluded.request_hash
      and ${isNewHolder(sql`excluded.holder`)}
    returning run_id`,
    alsoDeletes: sql`delete from ${queuedTurns} q using claim where q.id = claim.run_id and q.status = 'waiting'`,
  });
}

/**
 * In session `s` a queued turn may start if it is the first that waits. Any other may if nothing waits and its key is not in
 * the queue.
 */
function mayStart({ isQueued, runId, idempotencyKey }: ClaimRequest): SQL {
  if (isQueued) {
    return sql`${runId}::uuid = (select q.id from ${queuedTurns} q
      where q.session_id = s.id and q.status = 'waiting' order by q.seq limit 1)`;
  }
  return sql`not exists (select 1 from ${queuedTurns} q where q.session_id = s.id
    and (q.status = 'waiting' or q.idempotency_key = ${idempotencyKey}::text))`;
}

/** Columns turn_id, kind, turn_index: a new turn takes the next index, a retry keeps its turn's. */
function claimedTurn(claim: ClaimRequest): SQL {
  if (claim.kind === "retry") return sql`t.id, 'retry', t.turn_index`;
  return sql`${claim.runId}::uuid, 'turn',
    coalesce((select max(t.turn_index) from ${turns} t where t.session_id = s.id), 0) + 1`;
}

function claimedRequest(claim: ClaimRequest): SQL {
  if (claim.kind === "retry") return sql`jsonb_build_object('message', t.user_input)`;
  return sql`${JSON.stringify(claim.request)}::jsonb`;
}

/** What a retry needs of its turn `t`. */
export const isRetriable = sql`(t.status <> 'completed' and not ${isQuestionDeleted(sql`t.id`)})`;
export const isLatest = sql`not exists (select 1 from ${turns} later
  where later.session_id = t.session_id and later.turn_index > t.turn_index)`;
export const hasRunsLeft = sql`(select count(*) from ${turnRuns} u where u.turn_id = t.id) < ${turnBounds.maxRuns}::int`;

/** A retry needs the session's latest turn, with a failed agent and runs left. */
function retriedTurn(claim: ClaimRequest): SQL {
  if (claim.kind === "turn") return sql``;
  return sql`join ${turns} t on t.session_id = s.id and t.id = ${claim.turnId}
    and ${isRetriable} and ${isLatest} and ${hasRunsLeft}`;
}

/** Mode, goal, roster, prices and title as they are now: later edits do not change the run. Keys as in ClaimSnapshot. */
function snapshot(claim: ClaimRequest): SQL {
  const { kind, userMessageId } = claim;
  const mode =
    kind === "retry"
      ? sql`'mode', t.mode, 'consumesPendingMode', false`
      : sql`'mode', coalesce(r.pending_mode, r.current_mode), 'consumesPendingMode', r.pending_mode is not null`;
  // A retry has no manager. It writes a synthesis if the turn was planned with one.
  const orchestration =
    kind === "retry"
      ? sql`jsonb_build_object('maxRounds', 1, 'synthesis', coalesce(t.synthesis, ${noSynthesis}::text))`
      : sql`jsonb_build_object('maxRounds', r.max_rounds, 'synthesis', r.synthesis)`;
  return sql`jsonb_build_object('roomId', r.id, 'goal', r.goal, ${mode}, 'userMessageId', ${userMessageId}::text,
    'pricing', ${pricingOfRoster(claim)},
    'isBudgeted', exists (select 1 from budget where limit_credits is not null),
    'hasTitle', s.title is not null, 'orchestration', ${orchestration},
    'roster', coalesce((select jsonb_agg(jsonb_build_object('agentKey', a.agent_key, 'name', a.name,
      'modelAlias', a.model_alias, 'rolePrompt', a.role_prompt, 'toolPermissions', a.tool_permissions,
      'modelSettings', a.model_settings, 'position', a.position) order by a.position) from ${roomAgents} a where a.room_id = r.id), '[]'::jsonb))`;
}

/**
 * The prices of those models that the run may call: those of the operator's version that is in effect, else the
 * deployment's. A model that the version does not name is marked, and keeps the deployment's.
 */
function pricingOfRoster({ pricing, modelAliasOverride }: ClaimRequest): SQL {
  return sql`(select p.pricing || jsonb_build_object('version', coalesce(v.version, p.pricing ->> 'version'),
      'isStored', v.version is not null,
      'models', coalesce((
      select jsonb_agg(case when v.version is null then m
        when c.multiplier is null then m || jsonb_build_object('isUnpriced', true)
        else m || jsonb_build_object('multiplierHundredths', (c.multiplier * 100)::int) end)
      from jsonb_array_elements(p.pricing -> 'models') m
        left join ${modelPrices} c on c.version = v.version and c.model_alias = m ->> 'alias'
      where m ->> 'alias' in (p.pricing ->> 'managerModelAlias', p.pricing ->> 'summarizerModelAlias')
        or m ->> 'alias' = ${modelAliasOverride}::text
        or exists (select 1 from ${roomAgents} a where a.room_id = r.id and a.model_alias = m ->> 'alias')
    ), '[]'::jsonb)) from (select ${JSON.stringify(pricing)}::jsonb as pricing) p
      left join lateral (select version from ${pricingVersions} where effective_at <= now()
        order by effective_at desc limit 1) v on true)`;
}

/** A holder that was replaced stays replaced: what it knows of the run is older than what its successors stored. */
export function isNewHolder(holder: SQL): SQL {
  return sql`turn_claims.holder <> ${holder}
    and not turn_claims.past_holders @> jsonb_build_array(jsonb_build_object('holder', ${holder}))`;
}

/** The columns that change when another holder takes over a run: holder, lease, past holders. */
export function takeOver(holder: SQL, leaseMs: number): SQL {
  return sql`past_holders = turn_claims.past_holders || jsonb_build_object('holder', turn_claims.holder),
    holder = ${holder}, lease_until = clock_timestamp() + ${leaseMs} * interval '1 millisecond'`;
}
