import { customType } from "drizzle-orm/pg-core";

/** A column for full-text search. Postgres fills it; nothing reads it but its index. */
export const tsvector = customType<{ data: string }>({ dataType: () => "tsvector" });
