/** What the log needs of the object's SQLite. */
export type LogSql = Pick<SqlStorage, "exec">;

/**
 * Packed events are written when they have this many characters, and at the end of the run. Not by time: a row is paid for, and
 * the events of an object that is lost during a run are of no use, since the next holder starts a new log.
 */
const maxPackCharacters = 16 * 1024;
/** A larger event is not written: SQLite's rows are bounded. Readers that are connected get it from memory. */
const maxEventBytes = 1024 * 1024;
const maxBytesPerCharacter = 3;

export type LogPart = { frames: string; nextSeq: number };

/** Events in one row, or still in memory: `firstSeq` to `lastSeq`, as frames of a stream of Server-Sent Events. */
type Pack = { firstSeq: number; lastSeq: number; frames: string[]; characters: number };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function createLogTables(sql: LogSql): void {
  sql.exec(`create table if not exists event_packs
    (first_seq integer primary key, last_seq integer not null, frames blob not null)`);
  sql.exec(
    `create table if not exists event_logs
      (epoch text primary key, run_id text not null, last_seq integer not null) without rowid`,
  );
}

/** The log of a run that is over, from SQLite: the object may have lost its memory since. Undefined: it is not there. */
export function findWrittenLog(sql: LogSql, runId: string): EventLog | undefined {
  const [row] = sql
    .exec<{ epoch: string; last_seq: number }>("select * from event_logs where run_id = ?", runId)
    .toArray();
  return row && EventLog.written(sql, row.epoch, row.last_seq);
}

/**
 * The events of a run under one holder, in order, with ids `<epoch>.<seq>`. Each reader has its own position. The newest
 * events are in memory and go to SQLite in packs. What SQLite does not take stays in memory: an event that is too large, a
 * pack that cannot be written, and the whole log where rows of the one before could not be deleted.
 */
export class EventLog {
  readonly epoch: string;
  readonly #sql: LogSql;
  #newest: Pack = newPack(1);
  /** The pack that was written last. Readers at its events need not ask SQLite. */
  #latestWritten: Pack | undefined;
  readonly #large = new Map<number, string>();
  /** Packs that SQLite did not take. */
  readonly #unwritten: Pack[] = [];
  #lastSeq = 0;
  /** Bytes of the events before the newest pack. */
  #bytes = 0;
  #state: "open" | "over" | "gone" = "open";
  /**
   * Whose rows the tables of SQLite have. `earlier`: rows of the log before could not be deleted, so this one writes nothing.
   * `later`: a newer log has replaced this one.
   */
  #tables: "own" | "earlier" | "later" = "own";
  /** Whether SQLite has refused a write of this log. */
  #isRefused = false;
  #changed = Promise.withResolvers<void>();

  private constructor(sql: LogSql, epoch: string) {
    this.epoch = epoch;
    this.#sql = sql;
  }

  /** A new log. `epoch` names the holder. The log of an earlier holder is deleted, if SQLite allows it. */
  static create(sql: LogSql, epoch: string): EventLog {
    const log = new EventLog(sql, epoch);
    // `event_logs` first: if the second delete fails, the earlier log is not found, rather than found without its events.
    const isEmpty = log.#write("delete from event_logs") && log.#write("delete from event_packs");
    // Beside rows that were left, a reader could be sent events of the earlier log.
    if (!isEmpty) log.#tables = "earlier";
    return log;
  }

  /** A log that is over and in SQLite. */
  static written(sql: LogSql, epoch: string, lastSeq: number): EventLog {
    const log = new EventLog(sql, epoch);
    log.#lastSeq = lastSeq;
    log.#newest = newPack(lastSeq + 1);
    log.#state = "over";
    return log;
  }

  /** Bytes of all events so far. In the newest pack a character counts as one. */
  get bytes(): number {
    return this.#bytes + this.#newest.characters;
  }

  /** The last event's number; 0: there is none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Whether SQLite has taken all that it was to take. Events that are too large for it are never written. */
  get isStored(): boolean {
    return !this.#isRefused;
  }

  /** Whether the last event was appended. */
  get isOver(): boolean {
    return this.#state !== "open";
  }

  append(event: object): void {
    if (this.#state !== "open") return;
    this.#lastSeq += 1;
    const frame = toFrame(`${this.epoch}.${this.#lastSeq}`, event);
    const bytes = frame.length * maxBytesPerCharacter > maxEventBytes ? encoder.encode(frame).byteLength : 0;
    if (bytes > maxEventBytes) this.#appendLarge(frame, bytes);
    else this.#appendSmall(frame);
    this.#notify();
  }

  /** Appends the last event. A log that is whole in SQLite can be read again by its run. */
  end(event: object, runId: string): void {
    this.append(event);
    if (this.#state !== "open") return;
    this.#state = "over";
    this.flush();
    if (this.#large.size === 0 && this.#unwritten.length === 0) {
      this.#write("insert into event_logs values (?, ?, ?)", this.epoch, runId, this.#lastSeq);
    }
    this.#notify();
  }

  /** Another log replaces this one in SQLite. Readers whose next events are in memory still read it to its end. */
  detach(): void {
    this.#tables = "later";
  }

  /** The log was deleted: its readers are closed. */
  close(): void {
    this.#state = "gone";
    this.#notify();
  }

  /** Whether an event is in the newest pack, which still grows. */
  isNewest(seq: number): boolean {
    return seq >= this.#newest.firstSeq;
  }

  /** Events from `seq` on, as many as there are now; null: there are none yet; `gone`: they were deleted. */
  read(seq: number): LogPart | null | "gone" {
    if (this.#state === "gone") return "gone";
    if (seq > this.#lastSeq) return null;
    const large = this.#large.get(seq);
    if (large !== undefined) return { frames: large, nextSeq: seq + 1 };
    const kept = [this.#newest, this.#latestWritten, ...this.#unwritten];
    const pack = kept.find((one) => one !== undefined && holds(one, seq));
    const found = pack ?? this.#readPack(seq);
    if (found === undefined) return "gone";
    return { frames: found.frames.slice(seq - found.firstSeq).join(""), nextSeq: found.lastSeq + 1 };
  }

  /** One event by itself. */
  readOne(seq: number): string | undefined {
    const part = this.read(seq);
    return part === null || part === "gone" ? undefined : splitFrames(part.frames)[0];
  }

  /** Resolves at the next change. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Writes the newest pack to SQLite. */
  flush(): void {
    const { firstSeq, lastSeq, frames } = this.#newest;
    if (frames.length === 0 || this.#state === "gone") return;
    const bytes = encoder.encode(frames.join(""));
    this.#bytes += bytes.byteLength;
    if (!this.#write("insert into event_packs values (?, ?, ?)", firstSeq, lastSeq, bytes)) {
      this.#unwritten.push(this.#newest);
    }
    this.#latestWritten = this.#newest;
    this.#newest = newPack(this.#lastSeq + 1);
  }

  /**
   * Returns whether the events may leave memory: they are written, or a newer log has replaced this one. Never throws: a run
   * does not depend on its log.
   */
  #write(statement: string, ...values: (string | number | Uint8Array)[]): boolean {
    if (this.#tables === "later") return true;
    if (this.#tables === "earlier") return false;
    try {
      this.#sql.exec(statement, ...values);
      return true;
    } catch {
      this.#isRefused = true;
      return false;
    }
  }

  #appendSmall(frame: string): void {
    const pack = this.#newest;
    pack.frames.push(frame);
    pack.lastSeq = this.#lastSeq;
    pack.characters += frame.length;
    if (pack.characters >= maxPackCharacters) this.flush();
  }

  #appendLarge(frame: string, bytes: number): void {
    this.flush();
    this.#bytes += bytes;
    this.#large.set(this.#lastSeq, frame);
    this.#newest = newPack(this.#lastSeq + 1);
  }

  #readPack(seq: number): Pack | undefined {
    if (this.#tables === "later") return undefined;
    const [row] = this.#sql
      .exec<PackRow>(
        "select first_seq, last_seq, frames from event_packs where first_seq <= ? and last_seq >= ?",
        seq,
        seq,
      )
      .toArray();
    return row && toPack(row);
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

type PackRow = { first_seq: number; last_seq: number; frames: ArrayBuffer };

function toPack({ first_seq: firstSeq, last_seq: lastSeq, frames }: PackRow): Pack {
  const text = decoder.decode(frames);
  return { firstSeq, lastSeq, frames: splitFrames(text), characters: text.length };
}

function newPack(firstSeq: number): Pack {
  return { firstSeq, lastSeq: firstSeq - 1, frames: [], characters: 0 };
}

function holds({ firstSeq, lastSeq }: Pack, seq: number): boolean {
  return firstSeq <= seq && seq <= lastSeq;
}

/** JSON has no raw line breaks, so an event is always one line; lone surrogates are escaped. */
export function toFrame(id: string, event: object): string {
  return `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** A frame ends with a blank line, and has none in it. */
function splitFrames(frames: string): string[] {
  return frames
    .split("\n\n")
    .slice(0, -1)
    .map((frame) => `${frame}\n\n`);
}
