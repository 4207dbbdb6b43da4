import { connectSql } from "./sql.ts";

/** The kind of a text: a byte of plain text is sent as one byte, a control character as six. */
export const plain = "x";
export const control = "\u0001";

export type LargeTurns = {
  /** So many turns, from the first; each with one reply. */
  turns: number;
  character?: string;
  replyCharacters?: number;
  /** Private messages of a turn: what its agent sent its tools, and their results. */
  privateMessages?: number;
  privateCharacters?: number;
  toolEvents?: number;
  toolCharacters?: number;
  /** How the reply of the last turn ended; the others are completed. */
  lastStatus?: "completed" | "failed";
};

/** Stores turns of `agentKey` in an empty session, as commits would, of any size. Gives their ids in order. */
export async function seedLargeTurns(
  { sessionId, userId, agentKey }: { sessionId: string; userId: string; agentKey: string },
  {
    turns,
    character = plain,
    replyCharacters = 10,
    privateMessages = 0,
    privateCharacters = 0,
    toolEvents = 0,
    toolCharacters = 0,
    lastStatus = "completed",
  }: LargeTurns,
): Promise<string[]> {
  const sql = connectSql();
  const ids = Array.from({ length: turns }, () => crypto.randomUUID());
  const perTurn = privateMessages + 2;
  const statusOf = sql`case when t.n = ${turns} then ${lastStatus} else 'completed' end`;
  const turnRows = sql`(select id::uuid as id, n from unnest(${ids}::text[]) with ordinality as t (id, n))`;
  await sql.transaction([
    sql`insert into turns (id, session_id, turn_index, mode, user_input, assistant_output, status, model_alias_used,
        created_at)
      select t.id, ${sessionId}, t.n, 'manual', 'hello', repeat(${character}, ${replyCharacters}), ${statusOf},
        'deepseek', now() from ${turnRows} t`,
    sql`insert into turn_runs (id, turn_id, session_id, kind, request_hash, committed_by, created_at)
      select t.id, t.id, ${sessionId}, 'turn', 'hash', gen_random_uuid(), now() from ${turnRows} t`,
    sql`insert into messages (id, session_id, turn_id, run_id, seq, role, agent_key, agent_name, visibility, status,
        content, created_at)
      select gen_random_uuid(), ${sessionId}, t.id, t.id, (t.n - 1) * ${perTurn}::int + p,
        case when p = 1 then 'user' when p = ${perTurn}::int then 'assistant' else 'tool' end,
        case when p > 1 then ${agentKey} end, case when p > 1 then ${agentKey} end,
        case when p in (1, ${perTurn}::int) then 'shared' else 'private' end,
        case when p = ${perTurn}::int then ${statusOf} else 'completed' end,
        case when p = 1 then 'hello' when p = ${perTurn}::int then repeat(${character}, ${replyCharacters})
          else repeat(${character}, ${privateCharacters}) end,
        now()
      from ${turnRows} t, generate_series(1, ${perTurn}::int) p`,
    sql`insert into tool_call_events (id, user_id, session_id, turn_id, run_id, agent_key, round, tool_name, input,
        output, latency_ms, created_at)
      select gen_random_uuid(), ${userId}, ${sessionId}, t.id, t.id, ${agentKey}, p, 'search', '{"query": "x"}',
        jsonb_build_object('text', repeat(${character}, ${toolCharacters})), 1, now()
      from ${turnRows} t, generate_series(1, ${toolEvents}::int) p`,
  ]);
  return ids;
}
