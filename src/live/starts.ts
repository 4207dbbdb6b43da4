/** A run that the object has started, under one holder. */
export type Start = { holder: string; runId: string; sessionId: string };

type StartRow = { run_id: string; holder: string; session_id: string; is_over: number };

type StartSql = Pick<SqlStorage, "exec">;

export function createStartTable(sql: StartSql): void {
  sql.exec(`create table if not exists starts
    (holder text primary key, run_id text not null, session_id text not null, is_over integer not null default 0)
    without rowid`);
}

/** The runs that the object has started, by their holders: none is started twice under one holder. */
export class Starts {
  readonly #sql: StartSql;

  constructor(sql: StartSql) {
    this.#sql = sql;
  }

  find(holder: string): { isOver: boolean } | undefined {
    const [row] = this.#sql.exec<StartRow>("select * from starts where holder = ?", holder).toArray();
    return row && { isOver: row.is_over === 1 };
  }

  add({ holder, runId, sessionId }: Start): void {
    this.#sql.exec(
      "insert into starts (holder, run_id, session_id) values (?, ?, ?)",
      holder,
      runId,
      sessionId,
    );
  }

  end(holder: string): void {
    this.#sql.exec("update starts set is_over = 1 where holder = ?", holder);
  }

  /** Started, and not over as far as the object knows. */
  listUnfinished(): Start[] {
    const rows = this.#sql.exec<StartRow>("select * from starts where is_over = 0").toArray();
    return rows.map((row) => ({ holder: row.holder, runId: row.run_id, sessionId: row.session_id }));
  }
}
