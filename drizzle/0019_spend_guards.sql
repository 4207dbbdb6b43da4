CREATE INDEX "ix_tool_call_events_user_id_opened" ON "tool_call_events" USING btree ("user_id",coalesce("opened_at", "created_at")) WHERE "tool_call_events"."credits_charged" > 0;
--> statement-breakpoint
-- What was spent, granted or done is never changed. Each trigger refuses the statement.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never %', tg_table_name, case tg_op when 'DELETE' then 'deleted' else 'changed' end
    using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
create trigger keep_grants before update or delete on credit_grants
  for each row execute function refuse_change();
--> statement-breakpoint
create trigger keep_admin_events before update or delete on admin_events
  for each row execute function refuse_change();
--> statement-breakpoint
-- A late report replaces an estimate, which costs nothing. Turn, session and room of a row may come later or be deleted.
create trigger keep_calls before update on llm_call_events for each row
  when (old.status <> 'unknown' and (old.id, old.user_id, old.run_id, old.opened_at, old.created_at, old.credits, old.status, old.usage_source,
      old.input_tokens_fresh, old.input_tokens_cached, old.output_tokens, old.provider_cost_usd, old.pricing_version)
    is distinct from (new.id, new.user_id, new.run_id, new.opened_at, new.created_at, new.credits, new.status, new.usage_source,
      new.input_tokens_fresh, new.input_tokens_cached, new.output_tokens, new.provider_cost_usd, new.pricing_version))
  execute function refuse_change();
--> statement-breakpoint
create trigger keep_billed_calls before delete on llm_call_events for each row
  when (old.credits <> 0) execute function refuse_change();
--> statement-breakpoint
create trigger keep_tool_charges before update on tool_call_events for each row
  when ((old.id, old.user_id, old.run_id, old.opened_at, old.created_at, old.credits_charged)
    is distinct from (new.id, new.user_id, new.run_id, new.opened_at, new.created_at, new.credits_charged))
  execute function refuse_change();
--> statement-breakpoint
create trigger keep_charged_tools before delete on tool_call_events for each row
  when (old.credits_charged <> 0) execute function refuse_change();
