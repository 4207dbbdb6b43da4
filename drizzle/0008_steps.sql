ALTER TABLE "llm_call_events" ADD COLUMN "step" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "step" text;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "round" integer;--> statement-breakpoint
ALTER TABLE "rooms" ADD COLUMN "max_rounds" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "rooms" ADD COLUMN "synthesis" text DEFAULT 'off' NOT NULL;--> statement-breakpoint
ALTER TABLE "tool_call_events" ADD COLUMN "step" text;--> statement-breakpoint
ALTER TABLE "turn_context_audit" ADD COLUMN "step" text;--> statement-breakpoint
ALTER TABLE "turn_context_audit" ADD COLUMN "orchestration" jsonb;--> statement-breakpoint
ALTER TABLE "turns" ADD COLUMN "synthesis" text;--> statement-breakpoint
ALTER TABLE "rooms" ADD CONSTRAINT "ck_rooms_max_rounds" CHECK ("rooms"."max_rounds" between 1 and 3);