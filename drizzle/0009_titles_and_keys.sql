CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"name" text NOT NULL,
	"hash" text NOT NULL,
	"ending" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	CONSTRAINT "uq_api_keys_hash" UNIQUE("hash")
);
--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "deleted_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "title" text;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "last_turn_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "thread_hash" text;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_api_keys_user_id_created_at_id" ON "api_keys" USING btree ("user_id","created_at","id");--> statement-breakpoint
CREATE INDEX "ix_sessions_room_id_last_use_id" ON "sessions" USING btree ("room_id",coalesce("last_turn_at", "created_at"),"id");--> statement-breakpoint
CREATE UNIQUE INDEX "uq_sessions_room_id_thread_hash" ON "sessions" USING btree ("room_id","thread_hash") WHERE "sessions"."deleted_at" is null;--> statement-breakpoint
-- Sessions that have turns get their title and time from them.
UPDATE "sessions" s
SET "title" = left(split_part(first."user_input", chr(10), 1), 80), "last_turn_at" = latest."at"
FROM "turns" first, (SELECT "session_id", max("created_at") AS "at" FROM "turn_runs" GROUP BY "session_id") latest
WHERE first."session_id" = s."id" AND first."turn_index" = 1 AND latest."session_id" = s."id";
