/** What the object has to do at a set time. One alarm is enough for all of them. */
export type DueKind = "recover" | "queue" | "forget";

type DueStorage = Pick<DurableObjectStorage, "setAlarm" | "deleteAlarm"> & { sql: Pick<SqlStorage, "exec"> };

export function createDueTable(sql: Pick<SqlStorage, "exec">): void {
  sql.exec("create table if not exists due_times (kind text primary key, at_ms integer not null)");
}

/** Times at which the object has something to do, and its alarm at the first of them. */
export class DueTimes {
  readonly #storage: DueStorage;

  constructor(storage: DueStorage) {
    this.#storage = storage;
  }

  set(kind: DueKind, atMs: number): void {
    this.#storage.sql.exec("insert or replace into due_times values (?, ?)", kind, Math.ceil(atMs));
    this.#arm();
  }

  clear(kind: DueKind): void {
    this.#storage.sql.exec("delete from due_times where kind = ?", kind);
    this.#arm();
  }

  /** Takes what is due by now. */
  take(nowMs: number): DueKind[] {
    const rows = this.#storage.sql
      .exec<{ kind: DueKind }>("delete from due_times where at_ms <= ? returning kind", nowMs)
      .toArray();
    return rows.map(({ kind }) => kind);
  }

  #arm(): void {
    const [first] = this.#storage.sql
      .exec<{ at_ms: number | null }>("select min(at_ms) as at_ms from due_times")
      .toArray();
    const atMs = first?.at_ms ?? null;
    if (atMs === null) void this.#storage.deleteAlarm();
    else void this.#storage.setAlarm(atMs);
  }
}
