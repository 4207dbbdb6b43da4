CREATE TABLE "file_pages" (
	"file_id" uuid NOT NULL,
	"attempt" integer NOT NULL,
	"page" integer NOT NULL,
	"text" text NOT NULL,
	"tokens" integer NOT NULL,
	"search" "tsvector" GENERATED ALWAYS AS (to_tsvector('simple', "text")) STORED,
	CONSTRAINT "pk_file_pages" PRIMARY KEY("file_id","attempt","page")
);
--> statement-breakpoint
CREATE TABLE "files" (
	"id" uuid PRIMARY KEY NOT NULL,
	"room_id" uuid NOT NULL,
	"user_id" text NOT NULL,
	"name" text NOT NULL,
	"media_type" text NOT NULL,
	"bytes" integer NOT NULL,
	"sha256" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"lease_until" timestamp with time zone,
	"ready_attempt" integer,
	"page_count" integer,
	"pages_read" integer,
	"tokens" integer,
	"error_code" text,
	"preview" text,
	"encoding_guessed" boolean DEFAULT false NOT NULL,
	"idempotency_key" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"pending_since" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "ck_files_status" CHECK ("files"."status" in ('pending', 'parsing', 'ready', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "file_pages" ADD CONSTRAINT "file_pages_file_id_files_id_fk" FOREIGN KEY ("file_id") REFERENCES "public"."files"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "files" ADD CONSTRAINT "files_room_id_rooms_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."rooms"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "files" ADD CONSTRAINT "files_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE restrict ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ix_file_pages_search" ON "file_pages" USING gin ("search");--> statement-breakpoint
CREATE UNIQUE INDEX "uq_files_room_id_sha256" ON "files" USING btree ("room_id","sha256") WHERE "files"."deleted_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "uq_files_room_id_idempotency_key" ON "files" USING btree ("room_id","idempotency_key") WHERE "files"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "ix_files_room_id_created_at_id" ON "files" USING btree ("room_id","created_at","id");--> statement-breakpoint
CREATE INDEX "ix_files_user_id" ON "files" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "ix_files_status_pending_since" ON "files" USING btree ("status","pending_since");