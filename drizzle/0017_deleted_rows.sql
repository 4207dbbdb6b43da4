CREATE INDEX "ix_files_deleted_at" ON "files" USING btree ("deleted_at") WHERE "files"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "ix_rooms_deleted_at" ON "rooms" USING btree ("deleted_at") WHERE "rooms"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "ix_sessions_deleted_at" ON "sessions" USING btree ("deleted_at") WHERE "sessions"."deleted_at" is not null;