import { createDueTable } from "./due-times.ts";
import { createLogTables } from "./event-log.ts";
import { createQueueTable } from "./session-queue.ts";
import { createStartTable } from "./starts.ts";

/** The tables of an object's SQLite. */
export function createTables(sql: Pick<SqlStorage, "exec">): void {
  createStartTable(sql);
  createDueTable(sql);
  createQueueTable(sql);
  createLogTables(sql);
}
