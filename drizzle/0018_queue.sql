CREATE TABLE "queued_turns" (
	"id" uuid PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"seq" integer NOT NULL,
	"user_id" text NOT NULL,
	"idempotency_key" text,
	"request_hash" text NOT NULL,
	"request" jsonb NOT NULL,
	"status" text NOT NULL,
	"problem" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "uq_queued_turns_session_id_seq" UNIQUE("session_id","seq"),
	CONSTRAINT "uq_queued_turns_session_id_idempotency_key" UNIQUE("session_id","idempotency_key"),
	CONSTRAINT "ck_queued_turns_status" CHECK ("queued_turns"."status" in ('waiting', 'refused', 'cancelled'))
);
--> statement-breakpoint
ALTER TABLE "turn_claims" ADD COLUMN "was_queued" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "queued_turns" ADD CONSTRAINT "queued_turns_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_queued_turns_waiting" ON "queued_turns" USING btree ("session_id") WHERE "queued_turns"."status" = 'waiting';--> statement-breakpoint
CREATE INDEX "ix_queued_turns_ended_at" ON "queued_turns" USING btree ("ended_at");