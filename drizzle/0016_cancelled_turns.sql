ALTER TABLE "messages" ADD COLUMN "partial" text;--> statement-breakpoint
ALTER TABLE "turn_claims" ADD COLUMN "cancelled_at" timestamp with time zone;--> statement-breakpoint
-- As before, and says of the claim whether its run was cancelled.
create or replace function open_session(p_session_id uuid, p_user_id text, p_run_id uuid, p_idempotency_key text)
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
          'requestHash', c.request_hash, 'isCancelled', c.cancelled_at is not null,
          'leaseLeftMs', ceil(extract(epoch from c.lease_until - clock_timestamp()) * 1000)::bigint)
        from turn_claims c where c.session_id = s.id),
      (select jsonb_build_object('runId', u.id, 'turnId', u.turn_id, 'requestHash', u.request_hash) from turn_runs u
        where u.id = coalesce((select k.id from turn_runs k
            where k.session_id = s.id and k.idempotency_key = p_idempotency_key), p_run_id)
          and u.session_id = s.id)
    from sessions s join rooms r on r.id = s.room_id
    where s.id = p_session_id and s.deleted_at is null and r.deleted_at is null and r.owner_user_id = p_user_id;
end $$;
