ALTER TABLE "messages" ADD COLUMN "estimated_tokens" integer;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "excluded" text;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "summary_failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "next_summary_turn_index" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "refusal_scales" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
-- Of a room's agents of one name the first keeps it; the others' keys, which no two share, are put behind theirs.
DO $$
BEGIN
  FOR pass IN 1..32 LOOP
    UPDATE "room_agents" a
    SET "name" = left(a."name", 120 - length(namesake.suffix)) || namesake.suffix
    FROM (
      SELECT "id",
        ' (' || "agent_key" || CASE WHEN pass > 1 THEN ' ' || pass ELSE '' END || ')' AS suffix,
        row_number() OVER (PARTITION BY "room_id", lower("name") ORDER BY "position", "id") AS place
      FROM "room_agents"
    ) namesake
    WHERE namesake."id" = a."id" AND namesake.place > 1;
    EXIT WHEN NOT FOUND;
  END LOOP;
END $$;--> statement-breakpoint
CREATE UNIQUE INDEX "uq_room_agents_room_id_name" ON "room_agents" USING btree ("room_id",lower("name"));--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "ck_messages_excluded" CHECK ("messages"."excluded" in ('model_refused', 'context_budget_exceeded'));