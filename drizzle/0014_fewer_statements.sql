-- Functions for what every batch of a run does: one statement each, whose plans Postgres keeps for a connection. The text of a
-- statement is planned again each time that it is sent.

-- The fence, which now also locks the session: every write of a run begins with it. A holder that was replaced, or whose claim is
-- gone, can write nothing into the turn. Each statement of the function sees what was committed while the one before waited.
create or replace function assert_claim(p_session_id uuid, p_run_id uuid, p_holder uuid) returns void
language plpgsql as $$
begin
  perform 1 from sessions where id = p_session_id for update;
  perform 1 from turn_claims
    where session_id = p_session_id and run_id = p_run_id and holder = p_holder;
  if not found then
    raise exception 'the claim of run % is not held by %', p_run_id, p_holder using errcode = 'PT409';
  end if;
end $$;
--> statement-breakpoint
-- The fence, and the lease from now on. It also says that the run has begun. p_needed: the run holds no more of its budgets from
-- now on; null: as before.
create function renew_lease(p_session_id uuid, p_run_id uuid, p_holder uuid, p_lease_ms integer, p_needed numeric) returns void
language plpgsql as $$
begin
  perform assert_claim(p_session_id, p_run_id, p_holder);
  update turn_claims set has_begun = true, lease_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
    where session_id = p_session_id;
  if p_needed is not null then
    update budget_holds set amount = least(amount, p_needed) where run_id = p_run_id;
  end if;
end $$;
--> statement-breakpoint
-- Locks a user's session, before anything of it is read, and returns it with its claim and the run that is stored under the key
-- or the id of a request. No row: the session or its room is not there, or not the user's. Without the lock an open would compute
-- its turn's index from an older snapshot. `deleted_at` is tested on the locked row too.
create function open_session(p_session_id uuid, p_user_id text, p_run_id uuid, p_idempotency_key text)
returns table (state jsonb, claim jsonb, stored_run jsonb)
language plpgsql as $$
begin
  perform 1 from sessions s where s.id = p_session_id and s.deleted_at is null and exists (
      select 1 from rooms r where r.id = s.room_id and r.deleted_at is null and r.owner_user_id = p_user_id)
    for update of s;
  return query
    select jsonb_build_object('summaryFailures', s.summary_failures, 'nextSummaryTurnIndex', s.next_summary_turn_index,
        'refusalScales', s.refusal_scales),
      (select jsonb_build_object('runId', c.run_id, 'turnId', c.turn_id, 'idempotencyKey', c.idempotency_key,
          'requestHash', c.request_hash,
          'leaseLeftMs', ceil(extract(epoch from c.lease_until - clock_timestamp()) * 1000)::bigint)
        from turn_claims c where c.session_id = s.id),
      (select jsonb_build_object('runId', u.id, 'turnId', u.turn_id, 'requestHash', u.request_hash) from turn_runs u
        where u.id = coalesce((select k.id from turn_runs k
            where k.session_id = s.id and k.idempotency_key = p_idempotency_key), p_run_id)
          and u.session_id = s.id)
    from sessions s join rooms r on r.id = s.room_id
    where s.id = p_session_id and s.deleted_at is null and r.deleted_at is null and r.owner_user_id = p_user_id;
end $$;
