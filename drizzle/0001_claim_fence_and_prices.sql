-- The fence: every write of a run calls this after it has locked its session's row, so that a holder
-- that was replaced, or whose claim is gone, can write nothing into the turn.
create function assert_claim(p_session_id uuid, p_run_id uuid, p_holder uuid) returns void
language plpgsql as $$
begin
  perform 1 from turn_claims
    where session_id = p_session_id and run_id = p_run_id and holder = p_holder;
  if not found then
    raise exception 'the claim of run % is not held by %', p_run_id, p_holder using errcode = 'PT409';
  end if;
end $$;
--> statement-breakpoint
insert into pricing_versions (version, effective_from) values ('2026-02-20', '2026-02-20');
--> statement-breakpoint
insert into model_prices (version, model_alias, multiplier) values
  ('2026-02-20', 'llama', 0.50),
  ('2026-02-20', 'qwen', 0.50),
  ('2026-02-20', 'deepseek', 1.00),
  ('2026-02-20', 'gpt_oss', 0.50),
  ('2026-02-20', 'premium', 14.00);
