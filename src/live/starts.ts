export type Start = { runId: string; holder: string; isOver: boolean };

type StartRow = { run_id: string; holder: string; is_over: number };

type StartSql = Pick<SqlStorage, "exec">;

export function createStartTable(sql: StartSql): void {
  sql.exec(`create table if not exists starts
    (holder text primary key, run_id text not null, session_id text not null, is_over integer not null default 0)`);
}

/** The runs that the object has begun, by their holders: none is begun twice under one holder. */
export class Starts {
  readonly #sql: StartSql;

  constructor(sql: StartSql) {
    this.#sql = sql;
  }

  find(holder: string): Start | undefined {
    const [row] = this.#sql.exec<StartRow>("select * from starts where holder = ?", holder).toArray();
    return row && { runId: row.run_id, holder: row.holder, isOver: row.is_over === 1 };
  }

  add({ runId, holder, sessionId }: { runId: string; holder: string; sessionId: string }): void {
    this.#sql.exec("insert into starts (holder, run_id, session_id) values (?, ?, ?)", holder, runId, sessionId);
  }

  end(holder: string): void {
    this.#sql.exec("update starts set is_over = 1 where holder = ?", holder);
  }

  /** Begun, and not over as far as the object knows. */
  listUnfinished(): { runId: string; holder: string; sessionId: string }[] {
    return this.#sql
      .exec<StartRow & { session_id: string }>("select * from starts where is_over = 0")
      .toArray()
      .map((row) => ({ runId: row.run_id, holder: row.holder, sessionId: row.session_id }));
  }
}
