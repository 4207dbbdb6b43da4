CREATE TABLE "usage_hours" (
	"user_id" text NOT NULL,
	"hour" timestamp with time zone NOT NULL,
	"room_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"agent_key" text NOT NULL,
	"model_alias" text NOT NULL,
	"calls" integer NOT NULL,
	"input_tokens_fresh" bigint NOT NULL,
	"input_tokens_cached" bigint NOT NULL,
	"output_tokens" bigint NOT NULL,
	"credits" numeric(28, 8) NOT NULL,
	"estimated_credits" numeric(28, 8) NOT NULL,
	"costed_calls" integer NOT NULL,
	"costed_credits" numeric(28, 8) NOT NULL,
	"provider_cost_usd" numeric(28, 8) NOT NULL,
	CONSTRAINT "pk_usage_hours" PRIMARY KEY("user_id","hour","room_id","session_id","agent_key","model_alias")
);
--> statement-breakpoint
ALTER TABLE "usage_hours" ADD CONSTRAINT "usage_hours_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_usage_hours_hour" ON "usage_hours" USING btree ("hour");--> statement-breakpoint
CREATE INDEX "ix_llm_call_events_user_id_opened" ON "llm_call_events" USING btree ("user_id",coalesce("opened_at", "created_at"));
--> statement-breakpoint
-- What a row of the ledger or of tools adds to its hour.
create type usage_part as (user_id text, hour timestamptz, room_id uuid, session_id uuid, agent_key text,
  model_alias text, calls int, fresh bigint, cached bigint, output bigint, credits numeric, estimated numeric,
  costed_calls int, costed_credits numeric, cost numeric);
--> statement-breakpoint
create function add_usage(p_parts usage_part[]) returns void language plpgsql as $$
begin
  insert into usage_hours as u (user_id, hour, room_id, session_id, agent_key, model_alias, calls, input_tokens_fresh,
      input_tokens_cached, output_tokens, credits, estimated_credits, costed_calls, costed_credits, provider_cost_usd)
    select p.user_id, p.hour, p.room_id, p.session_id, p.agent_key, p.model_alias, sum(p.calls), sum(p.fresh),
      sum(p.cached), sum(p.output), sum(p.credits), sum(p.estimated), sum(p.costed_calls), sum(p.costed_credits),
      sum(p.cost)
    from unnest(p_parts) p
    group by 1, 2, 3, 4, 5, 6
    order by 1, 2, 3, 4, 5, 6
    on conflict (user_id, hour, room_id, session_id, agent_key, model_alias) do update set
      calls = u.calls + excluded.calls, input_tokens_fresh = u.input_tokens_fresh + excluded.input_tokens_fresh,
      input_tokens_cached = u.input_tokens_cached + excluded.input_tokens_cached,
      output_tokens = u.output_tokens + excluded.output_tokens, credits = u.credits + excluded.credits,
      estimated_credits = u.estimated_credits + excluded.estimated_credits,
      costed_calls = u.costed_calls + excluded.costed_calls,
      costed_credits = u.costed_credits + excluded.costed_credits,
      provider_cost_usd = u.provider_cost_usd + excluded.provider_cost_usd;
end $$;
--> statement-breakpoint
-- A call of which nobody can say whether it was made counts nothing. A row that changes counts with the difference, under
-- the room and session that it had: those ids stay when a deleted room is purged.
create function count_calls() returns trigger language plpgsql as $$
declare
  parts usage_part[];
begin
  if tg_op = 'INSERT' then
    select array_agg((a.user_id, date_trunc('hour', coalesce(a.opened_at, a.created_at) at time zone 'UTC') at time zone 'UTC',
        coalesce(a.room_id, '00000000-0000-0000-0000-000000000000'),
        coalesce(a.session_id, '00000000-0000-0000-0000-000000000000'), a.agent_key, a.model_alias, 1,
        a.input_tokens_fresh, a.input_tokens_cached, a.output_tokens, a.credits,
        case when a.usage_source = 'estimated' then a.credits else 0 end,
        case when a.provider_cost_usd is null then 0 else 1 end,
        case when a.provider_cost_usd is null then 0 else a.credits end,
        coalesce(a.provider_cost_usd, 0))::usage_part)
      into parts from added a where a.status <> 'unknown';
  else
    select array_agg(p) into parts from (
      select (a.user_id, date_trunc('hour', coalesce(a.opened_at, a.created_at) at time zone 'UTC') at time zone 'UTC',
        coalesce(coalesce(r.room_id, a.room_id), '00000000-0000-0000-0000-000000000000'),
        coalesce(coalesce(r.session_id, a.session_id), '00000000-0000-0000-0000-000000000000'), a.agent_key, a.model_alias, 1,
        a.input_tokens_fresh, a.input_tokens_cached, a.output_tokens, a.credits,
        case when a.usage_source = 'estimated' then a.credits else 0 end,
        case when a.provider_cost_usd is null then 0 else 1 end,
        case when a.provider_cost_usd is null then 0 else a.credits end,
        coalesce(a.provider_cost_usd, 0))::usage_part as p
        from added a join removed r on r.id = a.id
        where a.status <> 'unknown' and (a.status, a.credits) is distinct from (r.status, r.credits)
      union all
      select (r.user_id, date_trunc('hour', coalesce(r.opened_at, r.created_at) at time zone 'UTC') at time zone 'UTC',
        coalesce(r.room_id, '00000000-0000-0000-0000-000000000000'),
        coalesce(r.session_id, '00000000-0000-0000-0000-000000000000'), r.agent_key, r.model_alias, -1,
        -r.input_tokens_fresh, -r.input_tokens_cached, -r.output_tokens, -r.credits,
        case when r.usage_source = 'estimated' then -r.credits else 0 end,
        case when r.provider_cost_usd is null then 0 else -1 end,
        case when r.provider_cost_usd is null then 0 else -r.credits end,
        -coalesce(r.provider_cost_usd, 0))::usage_part
        from removed r join added a on a.id = r.id
        where r.status <> 'unknown' and (a.status, a.credits) is distinct from (r.status, r.credits)) d;
  end if;
  if parts is not null then perform add_usage(parts); end if;
  return null;
end $$;
--> statement-breakpoint
create function count_tool_calls() returns trigger language plpgsql as $$
declare
  parts usage_part[];
begin
  select array_agg((a.user_id, date_trunc('hour', coalesce(a.opened_at, a.created_at) at time zone 'UTC') at time zone 'UTC',
      coalesce(a.room_id, '00000000-0000-0000-0000-000000000000'),
      coalesce(a.session_id, '00000000-0000-0000-0000-000000000000'), a.agent_key, '', 0, 0, 0, 0,
      a.credits_charged, 0, 0, 0, 0)::usage_part)
    into parts from added a where a.credits_charged <> 0;
  if parts is not null then perform add_usage(parts); end if;
  return null;
end $$;
--> statement-breakpoint
lock table llm_call_events, tool_call_events in share row exclusive mode;
--> statement-breakpoint
create trigger count_added_calls after insert on llm_call_events
  referencing new table as added for each statement execute function count_calls();
--> statement-breakpoint
create trigger count_changed_calls after update on llm_call_events
  referencing old table as removed new table as added for each statement execute function count_calls();
--> statement-breakpoint
create trigger count_added_tool_calls after insert on tool_call_events
  referencing new table as added for each statement execute function count_tool_calls();
--> statement-breakpoint
insert into usage_hours (user_id, hour, room_id, session_id, agent_key, model_alias, calls, input_tokens_fresh,
    input_tokens_cached, output_tokens, credits, estimated_credits, costed_calls, costed_credits, provider_cost_usd)
  select user_id, date_trunc('hour', created_at at time zone 'UTC') at time zone 'UTC',
    coalesce(room_id, '00000000-0000-0000-0000-000000000000'),
    coalesce(session_id, '00000000-0000-0000-0000-000000000000'), agent_key, model_alias, count(*),
    sum(input_tokens_fresh), sum(input_tokens_cached), sum(output_tokens), sum(credits),
    coalesce(sum(credits) filter (where usage_source = 'estimated'), 0), count(provider_cost_usd),
    coalesce(sum(credits) filter (where provider_cost_usd is not null), 0), coalesce(sum(provider_cost_usd), 0)
  from llm_call_events where status <> 'unknown' group by 1, 2, 3, 4, 5, 6;
