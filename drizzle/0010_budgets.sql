CREATE TABLE "admin_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"actor" text NOT NULL,
	"kind" text NOT NULL,
	"user_id" text,
	"details" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ck_admin_events_kind" CHECK ("admin_events"."kind" in ('grant', 'budget', 'pricing_version'))
);
--> statement-breakpoint
CREATE TABLE "budget_holds" (
	"run_id" uuid NOT NULL,
	"budget_id" uuid NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"amount" numeric(20, 8) NOT NULL,
	CONSTRAINT "pk_budget_holds" PRIMARY KEY("run_id","budget_id"),
	CONSTRAINT "ck_budget_holds_amount" CHECK ("budget_holds"."amount" >= 0)
);
--> statement-breakpoint
CREATE TABLE "budget_windows" (
	"budget_id" uuid NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"spent" numeric(28, 8) DEFAULT '0' NOT NULL,
	CONSTRAINT "pk_budget_windows" PRIMARY KEY("budget_id","window_start")
);
--> statement-breakpoint
CREATE TABLE "budgets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" text,
	"room_id" uuid,
	"session_id" uuid,
	"period" text NOT NULL,
	"limit_credits" numeric(20, 8),
	"set_by_operator" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "uq_budgets_user_id_period" UNIQUE("user_id","period"),
	CONSTRAINT "uq_budgets_room_id_period" UNIQUE("room_id","period"),
	CONSTRAINT "uq_budgets_session_id_period" UNIQUE("session_id","period"),
	CONSTRAINT "ck_budgets_period" CHECK ("budgets"."period" in ('ever', 'day', 'month')),
	CONSTRAINT "ck_budgets_scope" CHECK (num_nonnulls("budgets"."user_id", "budgets"."room_id", "budgets"."session_id") = 1),
	CONSTRAINT "ck_budgets_limit_credits" CHECK ("budgets"."limit_credits" >= 0)
);
--> statement-breakpoint
CREATE TABLE "credit_grants" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"amount" numeric(20, 8) NOT NULL,
	"idempotency_key" text NOT NULL,
	"granted_by" text NOT NULL,
	"note" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "uq_credit_grants_user_id_idempotency_key" UNIQUE("user_id","idempotency_key"),
	CONSTRAINT "ck_credit_grants_amount" CHECK ("credit_grants"."amount" > 0)
);
--> statement-breakpoint
ALTER TABLE "llm_call_events" ADD COLUMN "opened_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "pricing_versions" ADD COLUMN "effective_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "pricing_versions" ADD COLUMN "created_by" text;--> statement-breakpoint
ALTER TABLE "tool_call_events" ADD COLUMN "place" integer;--> statement-breakpoint
ALTER TABLE "tool_call_events" ADD COLUMN "opened_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "turn_claims" ADD COLUMN "granted_credits" numeric(20, 8);--> statement-breakpoint
ALTER TABLE "turn_context_audit" ADD COLUMN "skipped_budget" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "turn_runs" ADD COLUMN "granted_credits" numeric(20, 8);--> statement-breakpoint
ALTER TABLE "budget_holds" ADD CONSTRAINT "budget_holds_run_id_turn_claims_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."turn_claims"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget_holds" ADD CONSTRAINT "budget_holds_budget_id_budgets_id_fk" FOREIGN KEY ("budget_id") REFERENCES "public"."budgets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budget_windows" ADD CONSTRAINT "budget_windows_budget_id_budgets_id_fk" FOREIGN KEY ("budget_id") REFERENCES "public"."budgets"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_room_id_rooms_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."rooms"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "budgets" ADD CONSTRAINT "budgets_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credit_grants" ADD CONSTRAINT "credit_grants_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_admin_events_created_at_id" ON "admin_events" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "ix_budget_holds_budget_id_window_start" ON "budget_holds" USING btree ("budget_id","window_start");--> statement-breakpoint
ALTER TABLE "pricing_versions" ADD CONSTRAINT "uq_pricing_versions_effective_at" UNIQUE("effective_at");
--> statement-breakpoint
-- Where the period of a budget begins that holds an instant, in UTC. `ever` has one period.
create function budget_window_start(p_period text, p_at timestamptz) returns timestamptz
language sql immutable as $$
  select case when p_period = 'ever' then to_timestamp(0)
    else date_trunc(p_period, p_at at time zone 'UTC') at time zone 'UTC' end
$$;
--> statement-breakpoint
-- Makes the windows that a run opened at p_at spends from, where they are missing, locks them in one order, and
-- returns what stands in them. Each statement sees what was committed while the one before waited.
-- A window that is made here is empty: a budget's first window is made with it, and later ones before the first run
-- of their period. p_required: a user without a wallet has nothing to spend.
create function lock_budgets(p_user_id text, p_room_id uuid, p_session_id uuid, p_at timestamptz, p_required boolean)
returns table (budget_id uuid, window_start timestamptz, scope text, period text, limit_credits numeric,
  spent numeric, held numeric)
language plpgsql as $$
#variable_conflict use_column
begin
  insert into budget_windows (budget_id, window_start)
    select b.id, budget_window_start(b.period, greatest(p_at, b.created_at))
    from budgets b
    where (b.user_id = p_user_id or b.room_id = p_room_id or b.session_id = p_session_id)
      and not exists (select 1 from budget_windows w where w.budget_id = b.id
        and w.window_start = budget_window_start(b.period, greatest(p_at, b.created_at)))
    order by b.id
    on conflict do nothing;
  perform 1 from budgets b join budget_windows w on w.budget_id = b.id
      and w.window_start = budget_window_start(b.period, greatest(p_at, b.created_at))
    where b.user_id = p_user_id or b.room_id = p_room_id or b.session_id = p_session_id
    order by w.budget_id, w.window_start
    for no key update of w;
  return query
    select b.id, w.window_start,
      case when b.user_id is not null then 'user' when b.room_id is not null then 'room' else 'session' end,
      b.period, b.limit_credits, w.spent,
      coalesce((select sum(h.amount) from budget_holds h
        where h.budget_id = w.budget_id and h.window_start = w.window_start), 0)
    from budgets b join budget_windows w on w.budget_id = b.id
      and w.window_start = budget_window_start(b.period, greatest(p_at, b.created_at))
    where b.user_id = p_user_id or b.room_id = p_room_id or b.session_id = p_session_id;
  if p_required and not exists (select 1 from budgets b where b.user_id = p_user_id and b.period = 'ever') then
    return query select null::uuid, null::timestamptz, 'user', 'ever', 0::numeric, 0::numeric, 0::numeric;
  end if;
end $$;
--> statement-breakpoint
create type booked_spend as
  (user_id text, room_id uuid, session_id uuid, run_id uuid, opened_at timestamptz, credits numeric);
--> statement-breakpoint
-- Adds what rows of the ledger or of tools cost to the windows of their user, room and session, in the order in
-- which windows are locked everywhere, and lowers the holds of their run by it. A row that changes counts with the
-- difference. An insert that updates rows in conflict fires both triggers of its table, each for its own rows.
create function book_spend() returns trigger language plpgsql as $$
declare
  booked booked_spend[];
begin
  if tg_table_name = 'llm_call_events' and tg_op = 'INSERT' then
    select array_agg((user_id, room_id, session_id, run_id, coalesce(opened_at, created_at), credits)::booked_spend)
      into booked from added where credits <> 0;
  elsif tg_table_name = 'llm_call_events' then
    select array_agg(r) into booked from (
      select (user_id, room_id, session_id, run_id, coalesce(opened_at, created_at), credits)::booked_spend as r
        from added where credits <> 0
      union all
      select (user_id, room_id, session_id, run_id, coalesce(opened_at, created_at), -credits)::booked_spend
        from removed where credits <> 0) d;
  elsif tg_op = 'INSERT' then
    select array_agg((user_id, room_id, session_id, run_id, coalesce(opened_at, created_at),
      credits_charged)::booked_spend) into booked from added where credits_charged <> 0;
  else
    select array_agg(r) into booked from (
      select (user_id, room_id, session_id, run_id, coalesce(opened_at, created_at),
          credits_charged)::booked_spend as r from added where credits_charged <> 0
      union all
      select (user_id, room_id, session_id, run_id, coalesce(opened_at, created_at),
          -credits_charged)::booked_spend from removed where credits_charged <> 0) d;
  end if;
  if booked is null then return null; end if;
  insert into budget_windows as w (budget_id, window_start, spent)
    select b.id, budget_window_start(b.period, s.opened_at) as starts, sum(s.credits)
    from unnest(booked) s
      join budgets b on b.user_id = s.user_id or b.room_id = s.room_id or b.session_id = s.session_id
    where budget_window_start(b.period, s.opened_at) >= budget_window_start(b.period, b.created_at)
    group by b.id, starts having sum(s.credits) <> 0
    order by b.id, starts
    on conflict (budget_id, window_start) do update set spent = w.spent + excluded.spent;
  update budget_holds h set amount = greatest(0, h.amount - s.credits)
    from (select run_id, sum(credits) as credits from unnest(booked) group by run_id having sum(credits) > 0) s
    where h.run_id = s.run_id;
  return null;
end $$;
--> statement-breakpoint
create trigger book_added_calls after insert on llm_call_events
  referencing new table as added for each statement execute function book_spend();
--> statement-breakpoint
create trigger book_changed_calls after update on llm_call_events
  referencing old table as removed new table as added for each statement execute function book_spend();
--> statement-breakpoint
create trigger book_added_tool_calls after insert on tool_call_events
  referencing new table as added for each statement execute function book_spend();
--> statement-breakpoint
create trigger book_changed_tool_calls after update on tool_call_events
  referencing old table as removed new table as added for each statement execute function book_spend();
