import type pg from "pg";

export type LedgerRow = {
  turn_id: string | null;
  run_id: string;
  step: string;
  round: number;
  status: "completed" | "failed" | "unknown";
  usage_source: "provider" | "estimated";
  total_tokens: number;
  credits: string;
  provider_request_id: string | null;
  user_input: string | null;
};

export type OverheadRow = {
  user_input: string;
  purpose: string;
  /** Of a routing call: the manager's round. */
  round: number | null;
  status: LedgerRow["status"];
  providerRequestId: string | null;
};

export type TurnRow = {
  id: string;
  turn_index: number;
  status: string;
  user_input: string;
  assistant_output: string;
};

export type MessageRow = {
  id: string;
  turn_id: string;
  seq: number;
  role: string;
  /** Null: the user's. */
  step: string | null;
  agent_name: string | null;
  visibility: string;
  status: string;
  content: string;
  supersedes_id: string | null;
};

export type SessionRows = {
  turns: TurnRow[];
  runs: { id: string; turn_id: string; kind: string }[];
  messages: MessageRow[];
  audits: { turn_id: string; step: string }[];
  overhead: OverheadRow[];
  ledger: LedgerRow[];
  claims: number;
  /** Checkpoints that are kept, by run. */
  checkpoints: { run_id: string; kept: number }[];
};

/** Everything that a session's turns left behind, in one statement, so of one moment. */
export async function readSessionRows(sql: pg.Pool, sessionId: string): Promise<SessionRows> {
  const list = (query: string) => `(select coalesce(json_agg(r), '[]') from (${query}) r)`;
  const { rows } = await sql.query<SessionRows>(
    `select ${list(`select id, turn_index, status, user_input, assistant_output from turns
        where session_id = $1 order by turn_index`)} as turns,
      ${list("select id, turn_id, kind from turn_runs where session_id = $1")} as runs,
      ${list(`select id, turn_id, seq, role, step, agent_name, visibility, status, content, supersedes_id
        from messages where session_id = $1 order by seq`)} as messages,
      ${list(`select a.turn_id, a.step from turn_context_audit a join turns t on t.id = a.turn_id
        where t.session_id = $1`)} as audits,
      ${list(`select t.user_input, o.* from turn_context_audit a join turns t on t.id = a.turn_id,
        jsonb_to_recordset(a.overhead_calls) as o(purpose text, round int, status text, "providerRequestId" text)
        where t.session_id = $1`)} as overhead,
      ${list(`select l.turn_id, l.run_id, l.step, l.round, l.status, l.usage_source, l.total_tokens,
        l.credits::text, l.provider_request_id, t.user_input
        from llm_call_events l left join turns t on t.id = l.turn_id where l.session_id = $1`)} as ledger,
      (select count(*)::int from turn_claims where session_id = $1) as claims,
      ${list(`select u.id as run_id, count(*)::int as kept from turn_runs u
        join checkpoints k on k.thread_id = u.id::text where u.session_id = $1 group by u.id`)} as checkpoints`,
    [sessionId],
  );
  const [found] = rows;
  if (found === undefined) throw new Error("a select without from gives one row");
  return found;
}
