import { createDueTable } from "./due-times.ts";
import { createLogTables } from "./event-log.ts";
import { createQueueTable } from "./session-queue.ts";
import { createStartTable } from "./starts.ts";

/** The tables of an object's SQLite. `without rowid`: else a text key has an index of its own, and each insert pays for two rows. */
export function createTables(sql: Pick<SqlStorage, "exec">): void {
  createStartTable(sql);
  createDueTable(sql);
  createQueueTable(sql);
  createLogTables(sql);
}
