/** What the object has to do at a set time. One alarm is enough for all of them. */
const dueKinds = ["recover", "queue", "forget"] as const;
export type DueKind = (typeof dueKinds)[number];

/** When each is due, ms; null: it is not. */
type Times = Record<DueKind, number | null>;

export type DueStorage = Pick<DurableObjectStorage, "setAlarm" | "deleteAlarm"> & {
  sql: Pick<SqlStorage, "exec">;
};

export function createDueTable(sql: Pick<SqlStorage, "exec">): void {
  sql.exec("create table if not exists due (id integer primary key, recover real, queue real, forget real)");
  moveOlderTimes(sql);
}

/** The version before had a row for each time. An object that was started by it may have a run to recover. */
function moveOlderTimes(sql: Pick<SqlStorage, "exec">): void {
  if (sql.exec("select 1 from sqlite_master where name = 'due_times'").toArray().length === 0) return;
  sql.exec(`insert into due select 1, max(at_ms) filter (where kind = 'recover'),
    max(at_ms) filter (where kind = 'queue'), max(at_ms) filter (where kind = 'forget') from due_times`);
  sql.exec("drop table due_times");
}

const nothingDue: Times = { recover: null, queue: null, forget: null };

/**
 * Times at which the object has something to do, and its alarm at the first of them. Each change is one row, and the alarm
 * is set only where the first time changes or the alarm has gone off: both are paid for.
 */
export class DueTimes {
  readonly #storage: DueStorage;
  /** As they are stored. Undefined: not read yet. */
  #times: Times | undefined;
  /** What the alarm was set to; null: it is not set, or was set before this object lost its memory. */
  #alarmMs: number | null = null;

  constructor(storage: DueStorage) {
    this.#storage = storage;
  }

  /** Sets times, or clears them; the others stay. */
  update(changes: Partial<Times>): void {
    this.#times ??= this.#read();
    const times = { ...this.#times, ...changes };
    if (dueKinds.some((kind) => times[kind] !== this.#times?.[kind])) this.#write(times);
  }

  /** Takes what is due by now. To be called by the alarm. */
  take(nowMs: number): DueKind[] {
    this.#alarmMs = null;
    const times = this.#read();
    const due = dueKinds.filter((kind) => (times[kind] ?? Number.POSITIVE_INFINITY) <= nowMs);
    this.#write({ ...times, ...Object.fromEntries(due.map((kind) => [kind, null])) });
    return due;
  }

  /** All times were deleted, with everything else that the object had stored. */
  reset(): void {
    this.#times = undefined;
    this.#alarmMs = null;
  }

  #read(): Times {
    return this.#storage.sql.exec<Times>("select recover, queue, forget from due").toArray()[0] ?? nothingDue;
  }

  #write(times: Times): void {
    const { recover, queue, forget } = times;
    this.#storage.sql.exec("insert or replace into due values (1, ?, ?, ?)", recover, queue, forget);
    this.#times = times;
    this.#arm(Math.min(...dueKinds.map((kind) => times[kind] ?? Number.POSITIVE_INFINITY)));
  }

  #arm(firstMs: number): void {
    const alarmMs = firstMs === Number.POSITIVE_INFINITY ? null : Math.ceil(firstMs);
    if (alarmMs === this.#alarmMs) return;
    this.#alarmMs = alarmMs;
    if (alarmMs === null) void this.#storage.deleteAlarm();
    else void this.#storage.setAlarm(alarmMs);
  }
}
