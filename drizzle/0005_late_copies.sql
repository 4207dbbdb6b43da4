ALTER TABLE "sessions" ADD COLUMN "refused_run_id" uuid;--> statement-breakpoint
ALTER TABLE "turn_claims" ADD COLUMN "opened_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL;--> statement-breakpoint
ALTER TABLE "turn_claims" ADD CONSTRAINT "uq_turn_claims_run_id" UNIQUE("run_id");