CREATE TABLE "checkpoint_blobs" (
	"thread_id" text NOT NULL,
	"checkpoint_ns" text DEFAULT '' NOT NULL,
	"channel" text NOT NULL,
	"version" text NOT NULL,
	"type" text NOT NULL,
	"blob" "bytea",
	CONSTRAINT "checkpoint_blobs_pkey" PRIMARY KEY("thread_id","checkpoint_ns","channel","version")
);
--> statement-breakpoint
CREATE TABLE "checkpoint_migrations" (
	"v" integer PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "checkpoint_writes" (
	"thread_id" text NOT NULL,
	"checkpoint_ns" text DEFAULT '' NOT NULL,
	"checkpoint_id" text NOT NULL,
	"task_id" text NOT NULL,
	"idx" integer NOT NULL,
	"channel" text NOT NULL,
	"type" text,
	"blob" "bytea" NOT NULL,
	"task_path" text DEFAULT '' NOT NULL,
	CONSTRAINT "checkpoint_writes_pkey" PRIMARY KEY("thread_id","checkpoint_ns","checkpoint_id","task_id","idx")
);
--> statement-breakpoint
CREATE TABLE "checkpoints" (
	"thread_id" text NOT NULL,
	"checkpoint_ns" text DEFAULT '' NOT NULL,
	"checkpoint_id" text NOT NULL,
	"parent_checkpoint_id" text,
	"type" text,
	"checkpoint" jsonb NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "checkpoints_pkey" PRIMARY KEY("thread_id","checkpoint_ns","checkpoint_id")
);
--> statement-breakpoint
CREATE TABLE "llm_call_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"room_id" uuid,
	"session_id" uuid,
	"turn_id" uuid,
	"run_id" uuid NOT NULL,
	"agent_key" text NOT NULL,
	"round" integer NOT NULL,
	"provider" text NOT NULL,
	"model_alias" text NOT NULL,
	"provider_model" text NOT NULL,
	"input_tokens_fresh" integer NOT NULL,
	"input_tokens_cached" integer NOT NULL,
	"output_tokens" integer NOT NULL,
	"total_tokens" integer NOT NULL,
	"oe_tokens" numeric(20, 4) NOT NULL,
	"credits" numeric(20, 8) NOT NULL,
	"provider_cost_usd" numeric(20, 8),
	"usage_source" text NOT NULL,
	"latency_ms" integer NOT NULL,
	"attempts" integer NOT NULL,
	"status" text NOT NULL,
	"pricing_version" text NOT NULL,
	"provider_request_id" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ck_llm_call_events_usage_source" CHECK ("llm_call_events"."usage_source" in ('provider', 'estimated')),
	CONSTRAINT "ck_llm_call_events_status" CHECK ("llm_call_events"."status" in ('completed', 'failed', 'unknown')),
	CONSTRAINT "ck_llm_call_events_tokens" CHECK ("llm_call_events"."input_tokens_fresh" >= 0 and "llm_call_events"."input_tokens_cached" >= 0 and "llm_call_events"."output_tokens" >= 0 and "llm_call_events"."total_tokens" = "llm_call_events"."input_tokens_fresh" + "llm_call_events"."input_tokens_cached" + "llm_call_events"."output_tokens")
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"turn_id" uuid NOT NULL,
	"run_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"role" text NOT NULL,
	"agent_key" text,
	"agent_name" text,
	"visibility" text DEFAULT 'shared' NOT NULL,
	"status" text NOT NULL,
	"error" jsonb,
	"content" text NOT NULL,
	"supersedes_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "uq_messages_session_id_seq" UNIQUE("session_id","seq"),
	CONSTRAINT "ck_messages_role" CHECK ("messages"."role" in ('user', 'assistant', 'tool')),
	CONSTRAINT "ck_messages_visibility" CHECK ("messages"."visibility" in ('shared', 'private')),
	CONSTRAINT "ck_messages_status" CHECK ("messages"."status" in ('completed', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "model_prices" (
	"version" text NOT NULL,
	"model_alias" text NOT NULL,
	"multiplier" numeric(8, 2) NOT NULL,
	"provider_input_usd_per_million" numeric(12, 6),
	"provider_output_usd_per_million" numeric(12, 6),
	CONSTRAINT "pk_model_prices" PRIMARY KEY("version","model_alias")
);
--> statement-breakpoint
CREATE TABLE "pricing_versions" (
	"version" text PRIMARY KEY NOT NULL,
	"effective_from" date NOT NULL
);
--> statement-breakpoint
CREATE TABLE "room_agents" (
	"id" uuid PRIMARY KEY NOT NULL,
	"room_id" uuid NOT NULL,
	"agent_key" text NOT NULL,
	"name" text NOT NULL,
	"model_alias" text NOT NULL,
	"role_prompt" text NOT NULL,
	"tool_permissions" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"position" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rooms" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner_user_id" text NOT NULL,
	"name" text NOT NULL,
	"goal" text,
	"current_mode" text DEFAULT 'orchestrator' NOT NULL,
	"pending_mode" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "ck_rooms_current_mode" CHECK ("rooms"."current_mode" in ('manual', 'tag', 'roundtable', 'orchestrator')),
	CONSTRAINT "ck_rooms_pending_mode" CHECK ("rooms"."pending_mode" in ('manual', 'tag', 'roundtable', 'orchestrator'))
);
--> statement-breakpoint
CREATE TABLE "session_summaries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"turn_id" uuid NOT NULL,
	"made_in_turn_index" integer NOT NULL,
	"from_seq" integer NOT NULL,
	"to_seq" integer NOT NULL,
	"summary_text" text NOT NULL,
	"key_facts" jsonb NOT NULL,
	"decisions" jsonb NOT NULL,
	"open_questions" jsonb NOT NULL,
	"action_items" jsonb NOT NULL,
	"used_fallback" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "uq_session_summaries_session_id_to_seq" UNIQUE("session_id","to_seq"),
	CONSTRAINT "ck_session_summaries_range" CHECK ("session_summaries"."from_seq" <= "session_summaries"."to_seq")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"room_id" uuid NOT NULL,
	"started_by_user_id" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "tool_call_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"room_id" uuid,
	"session_id" uuid,
	"turn_id" uuid,
	"run_id" uuid NOT NULL,
	"agent_key" text NOT NULL,
	"round" integer NOT NULL,
	"tool_name" text NOT NULL,
	"input" jsonb NOT NULL,
	"output" jsonb NOT NULL,
	"status" text DEFAULT 'success' NOT NULL,
	"latency_ms" integer NOT NULL,
	"credits_charged" numeric(20, 8) DEFAULT '0' NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ck_tool_call_events_status" CHECK ("tool_call_events"."status" in ('success', 'error', 'denied'))
);
--> statement-breakpoint
CREATE TABLE "turn_claims" (
	"session_id" uuid PRIMARY KEY NOT NULL,
	"run_id" uuid NOT NULL,
	"turn_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"turn_index" integer NOT NULL,
	"idempotency_key" text,
	"request_hash" text NOT NULL,
	"request" jsonb NOT NULL,
	"snapshot" jsonb NOT NULL,
	"holder" uuid NOT NULL,
	"past_holders" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"lease_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "turn_context_audit" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"turn_id" uuid NOT NULL,
	"run_id" uuid NOT NULL,
	"agent_key" text NOT NULL,
	"model_alias" text NOT NULL,
	"model_alias_marker" text NOT NULL,
	"model_context_limit" integer NOT NULL,
	"input_budget" integer NOT NULL,
	"output_reserve" integer NOT NULL,
	"overhead_reserve" integer NOT NULL,
	"estimated_tokens_before" integer NOT NULL,
	"estimated_tokens_after_summary" integer NOT NULL,
	"estimated_tokens_after_prune" integer NOT NULL,
	"token_scale" numeric(8, 4) NOT NULL,
	"counted_input_tokens" integer,
	"summary_id" uuid,
	"included" jsonb NOT NULL,
	"dropped" jsonb NOT NULL,
	"unknown_tags" jsonb NOT NULL,
	"routing" jsonb,
	"checkpoint_degraded" boolean DEFAULT false NOT NULL,
	"overhead_calls" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "turn_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"turn_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"idempotency_key" text,
	"request_hash" text NOT NULL,
	"committed_by" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "uq_turn_runs_session_id_idempotency_key" UNIQUE("session_id","idempotency_key"),
	CONSTRAINT "ck_turn_runs_kind" CHECK ("turn_runs"."kind" in ('turn', 'retry'))
);
--> statement-breakpoint
CREATE TABLE "turns" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"turn_index" integer NOT NULL,
	"mode" text NOT NULL,
	"user_input" text NOT NULL,
	"assistant_output" text NOT NULL,
	"status" text NOT NULL,
	"model_alias_used" text NOT NULL,
	"summary_triggered" boolean DEFAULT false NOT NULL,
	"summary_used_fallback" boolean DEFAULT false NOT NULL,
	"prune_triggered" boolean DEFAULT false NOT NULL,
	"overflow_rejected" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "uq_turns_session_id_turn_index" UNIQUE("session_id","turn_index"),
	CONSTRAINT "ck_turns_mode" CHECK ("turns"."mode" in ('manual', 'tag', 'roundtable', 'orchestrator')),
	CONSTRAINT "ck_turns_status" CHECK ("turns"."status" in ('completed', 'partial', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" text PRIMARY KEY NOT NULL,
	"email" text,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "llm_call_events" ADD CONSTRAINT "llm_call_events_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "llm_call_events" ADD CONSTRAINT "llm_call_events_room_id_rooms_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."rooms"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "llm_call_events" ADD CONSTRAINT "llm_call_events_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "llm_call_events" ADD CONSTRAINT "llm_call_events_turn_id_turns_id_fk" FOREIGN KEY ("turn_id") REFERENCES "public"."turns"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "llm_call_events" ADD CONSTRAINT "llm_call_events_pricing_version_pricing_versions_version_fk" FOREIGN KEY ("pricing_version") REFERENCES "public"."pricing_versions"("version") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_turn_id_turns_id_fk" FOREIGN KEY ("turn_id") REFERENCES "public"."turns"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_run_id_turn_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."turn_runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_supersedes_id_messages_id_fk" FOREIGN KEY ("supersedes_id") REFERENCES "public"."messages"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "model_prices" ADD CONSTRAINT "model_prices_version_pricing_versions_version_fk" FOREIGN KEY ("version") REFERENCES "public"."pricing_versions"("version") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "room_agents" ADD CONSTRAINT "room_agents_room_id_rooms_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."rooms"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rooms" ADD CONSTRAINT "rooms_owner_user_id_users_id_fk" FOREIGN KEY ("owner_user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_summaries" ADD CONSTRAINT "session_summaries_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_summaries" ADD CONSTRAINT "session_summaries_turn_id_turns_id_fk" FOREIGN KEY ("turn_id") REFERENCES "public"."turns"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_room_id_rooms_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."rooms"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_started_by_user_id_users_id_fk" FOREIGN KEY ("started_by_user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tool_call_events" ADD CONSTRAINT "tool_call_events_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tool_call_events" ADD CONSTRAINT "tool_call_events_room_id_rooms_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."rooms"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tool_call_events" ADD CONSTRAINT "tool_call_events_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tool_call_events" ADD CONSTRAINT "tool_call_events_turn_id_turns_id_fk" FOREIGN KEY ("turn_id") REFERENCES "public"."turns"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "turn_claims" ADD CONSTRAINT "turn_claims_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "turn_context_audit" ADD CONSTRAINT "turn_context_audit_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "turn_context_audit" ADD CONSTRAINT "turn_context_audit_turn_id_turns_id_fk" FOREIGN KEY ("turn_id") REFERENCES "public"."turns"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "turn_context_audit" ADD CONSTRAINT "turn_context_audit_run_id_turn_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."turn_runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "turn_runs" ADD CONSTRAINT "turn_runs_turn_id_turns_id_fk" FOREIGN KEY ("turn_id") REFERENCES "public"."turns"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "turn_runs" ADD CONSTRAINT "turn_runs_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "turns" ADD CONSTRAINT "turns_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "checkpoint_blobs_thread_id_idx" ON "checkpoint_blobs" USING btree ("thread_id");--> statement-breakpoint
CREATE INDEX "checkpoint_writes_thread_id_idx" ON "checkpoint_writes" USING btree ("thread_id");--> statement-breakpoint
CREATE INDEX "checkpoints_thread_id_idx" ON "checkpoints" USING btree ("thread_id");--> statement-breakpoint
CREATE INDEX "ix_llm_call_events_user_id_created_at" ON "llm_call_events" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "ix_llm_call_events_room_id" ON "llm_call_events" USING btree ("room_id");--> statement-breakpoint
CREATE INDEX "ix_llm_call_events_session_id" ON "llm_call_events" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "ix_llm_call_events_turn_id" ON "llm_call_events" USING btree ("turn_id");--> statement-breakpoint
CREATE INDEX "ix_llm_call_events_run_id" ON "llm_call_events" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "ix_llm_call_events_pricing_version" ON "llm_call_events" USING btree ("pricing_version");--> statement-breakpoint
CREATE INDEX "ix_messages_turn_id" ON "messages" USING btree ("turn_id");--> statement-breakpoint
CREATE INDEX "ix_messages_run_id" ON "messages" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "ix_messages_supersedes_id" ON "messages" USING btree ("supersedes_id");--> statement-breakpoint
CREATE UNIQUE INDEX "uq_room_agents_room_id_agent_key" ON "room_agents" USING btree ("room_id",lower("agent_key"));--> statement-breakpoint
CREATE INDEX "ix_room_agents_room_id_position" ON "room_agents" USING btree ("room_id","position");--> statement-breakpoint
CREATE INDEX "ix_rooms_owner_user_id_created_at_id" ON "rooms" USING btree ("owner_user_id","created_at","id");--> statement-breakpoint
CREATE INDEX "ix_session_summaries_turn_id" ON "session_summaries" USING btree ("turn_id");--> statement-breakpoint
CREATE INDEX "ix_sessions_room_id_created_at_id" ON "sessions" USING btree ("room_id","created_at","id");--> statement-breakpoint
CREATE INDEX "ix_sessions_started_by_user_id" ON "sessions" USING btree ("started_by_user_id");--> statement-breakpoint
CREATE INDEX "ix_tool_call_events_turn_id" ON "tool_call_events" USING btree ("turn_id");--> statement-breakpoint
CREATE INDEX "ix_tool_call_events_session_id" ON "tool_call_events" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "ix_tool_call_events_user_id" ON "tool_call_events" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "ix_tool_call_events_room_id" ON "tool_call_events" USING btree ("room_id");--> statement-breakpoint
CREATE INDEX "ix_turn_claims_lease_until" ON "turn_claims" USING btree ("lease_until");--> statement-breakpoint
CREATE INDEX "ix_turn_context_audit_turn_id" ON "turn_context_audit" USING btree ("turn_id");--> statement-breakpoint
CREATE INDEX "ix_turn_context_audit_run_id" ON "turn_context_audit" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "ix_turn_context_audit_session_id_model_alias" ON "turn_context_audit" USING btree ("session_id","model_alias","created_at");--> statement-breakpoint
CREATE INDEX "ix_turn_runs_turn_id" ON "turn_runs" USING btree ("turn_id");