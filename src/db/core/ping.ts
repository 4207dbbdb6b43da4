import { sql } from "drizzle-orm";
import type { Db } from "./client.ts";

/** @throws the driver's error, or a timeout after `timeoutMs`. */
export async function pingDatabase(db: Db, timeoutMs: number): Promise<void> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error("timed out")), timeoutMs);
  try {
    await Promise.race([db.execute(sql`select 1`), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
