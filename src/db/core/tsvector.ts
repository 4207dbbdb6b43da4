import { customType } from "drizzle-orm/pg-core";

/** A column for full-text search. Postgres fills it; only its index reads it. */
export const tsvector = customType<{ data: string }>({ dataType: () => "tsvector" });
