import { createDueTable } from "./due-times.ts";
import { createLogTables } from "./event-log.ts";
import { createQueueTable } from "./session-queue.ts";
import { createStartTable } from "./starts.ts";

/** The tables of an object's SQLite. With a rowid, a text key would be an index of its own, and each insert two rows written. */
export function createTables(sql: Pick<SqlStorage, "exec">): void {
  createStartTable(sql);
  createDueTable(sql);
  createQueueTable(sql);
  createLogTables(sql);
}
