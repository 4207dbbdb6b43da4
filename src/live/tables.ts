import { createDueTable } from "./due-times.ts";
import { createLogTables } from "./event-log.ts";
import { createQueueTable } from "./session-queue.ts";
import { createStartTable } from "./starts.ts";

/** The tables of an object's SQLite. `without rowid`: a key that is a text would be an index of its own, and a row that is paid for. */
export function createTables(sql: Pick<SqlStorage, "exec">): void {
  createStartTable(sql);
  createDueTable(sql);
  createQueueTable(sql);
  createLogTables(sql);
}
