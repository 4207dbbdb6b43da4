import pg from "pg";

/** What a filled database holds. */
export const filled = { users: 2_000, rooms: 20_000, sessions: 200_000, turns: 1_000_000 };
const messagesPerTurn = 4;
const callsPerTurn = 2;
const turnsPerSession = filled.turns / filled.sessions;
/** As long as the last checkpoints of turns are kept. */
const checkpointDays = 7;
/** Sessions of the first room, and turns that the second session has beside its own. */
const sessionsOfLargeRoom = 2_000;
const turnsOfLongSession = 2_000;
/** The rooms of the user who asks. */
const roomsOfUser = 40;

/** The ids of the large room, the long session and its last turn. */
export type FilledIds = { roomId: string; sessionId: string; turnId: string };

/**
 * Fills a database with the rows of a year, in SQL. Foreign keys and triggers are off meanwhile, so the server's user must be
 * allowed to set `session_replication_role`. Ids are as UUID v7 in the order of time, as the application makes them.
 */
export async function fillDatabase(
  connectionString: string,
  userId: string,
  log: (line: string) => void,
): Promise<FilledIds> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query("set session_replication_role = replica; set synchronous_commit = off");
    await client.query(functions(client.escapeLiteral(userId)));
    const indexes = await dropIndexes(client);
    for (const [what, statement] of Object.entries(statements(client.escapeLiteral(userId)))) {
      log(`Filling: ${what}`);
      await client.query(statement);
    }
    log(`Filling: ${indexes.length} indexes`);
    for (const statement of indexes) await client.query(statement);
    await client.query("vacuum analyze");
    const { rows } =
      await client.query<FilledIds>(`select room_id(1) as "roomId", session_id(2) as "sessionId",
      (select id from turns where session_id = session_id(2) order by turn_index desc limit 1) as "turnId"`);
    const [ids] = rows;
    if (ids === undefined) throw new Error("The filled database has no ids.");
    await client.query(dropFunctions);
    return ids;
  } finally {
    await client.end();
  }
}

/** Rows are inserted faster without the indexes that no constraint needs. Returns the statements that make them again. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; statement: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as statement
     from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)`,
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  return rows.map(({ statement }) => statement);
}

// Sessions and rooms are numbered from 1, turns from 0. The turns beyond the last are those of the long session. Ids of what
// belongs to a turn are its own with other digits.
const functions = (user: string) => `
  create function fill_start() returns timestamptz language sql stable as $$ select date_trunc('day', now()) - interval '365 days' $$;
  create function fill_id(at timestamptz, kind int, n bigint) returns uuid language sql stable as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
      || '8' || lpad(to_hex(n), 15, '0'))::uuid $$;
  create function part_id(turn uuid, part text) returns uuid language sql stable as $$
    select overlay(turn::text placing part from 17 for 2)::uuid $$;
  create function room_id(r bigint) returns uuid language sql stable as $$ select fill_id(fill_start(), 1, r) $$;
  create function session_at(s bigint) returns timestamptz language sql stable as $$
    select fill_start() + s * interval '2.5 minutes' $$;
  create function session_id(s bigint) returns uuid language sql stable as $$ select fill_id(session_at(s), 2, s) $$;
  create function room_of(s bigint) returns bigint language sql stable as $$
    select case when s <= ${sessionsOfLargeRoom} then 1 else s % ${filled.rooms} + 1 end $$;
  create function owner_of(r bigint) returns text language sql stable as $$
    select case when r <= ${roomsOfUser} then ${user} else 'user-' || (r % ${filled.users} + 1) end $$;`;
const dropFunctions =
  "drop function owner_of, room_of, session_id, session_at, room_id, part_id, fill_id, fill_start";

const parts = (count: number) => `turns t, generate_series(0, ${count - 1}) k`;
const payers = "join sessions s on s.id = t.session_id join rooms r on r.id = s.room_id";
const isNewest = `t.created_at > (select max(created_at) from turns) - interval '${checkpointDays} days'`;

function statements(user: string): Record<string, string> {
  return {
    users: `insert into users (id, created_at) select 'user-' || u, fill_start() from generate_series(1, ${filled.users}) u
      union all select ${user}, fill_start()`,
    rooms: `insert into rooms (id, owner_user_id, name, goal, current_mode, created_at, updated_at)
      select room_id(r), owner_of(r), 'Room ' || r, 'Ship the beta.', 'roundtable', fill_start() + r * interval '1 second',
        fill_start() from generate_series(1, ${filled.rooms}) r`,
    agents: `insert into room_agents (id, room_id, agent_key, name, model_alias, role_prompt, position, created_at, updated_at)
      select fill_id(fill_start(), 4, r * 3 + a), room_id(r), 'agent_' || a, 'Agent ' || a, 'deepseek',
        'You weigh what could go wrong.', a, fill_start(), fill_start()
      from generate_series(1, ${filled.rooms}) r, generate_series(0, 2) a`,
    sessions: `insert into sessions (id, room_id, started_by_user_id, created_at, title, last_turn_at)
      select session_id(s), room_id(room_of(s)), owner_of(room_of(s)), session_at(s), 'Session ' || s,
        session_at(s) + interval '50 minutes' from generate_series(1, ${filled.sessions}) s`,
    turns: `insert into turns (id, session_id, turn_index, mode, user_input, assistant_output, status, model_alias_used, created_at)
      select fill_id(at, 3, n), session_id(s), i, 'roundtable', repeat('What comes first? ', 4), repeat('First the list. ', 30),
        'completed', 'deepseek', at
      from generate_series(0, ${filled.turns + turnsOfLongSession - 1}::bigint) n,
        lateral (select case when n < ${filled.turns} then n / ${turnsPerSession} + 1 else 2 end as s,
          case when n < ${filled.turns} then n % ${turnsPerSession} else n - ${filled.turns} + ${turnsPerSession} end + 1 as i) x,
        lateral (select session_at(s) + i * interval '10 minutes' as at) y`,
    runs: `insert into turn_runs (id, turn_id, session_id, kind, idempotency_key, request_hash, committed_by, granted_credits,
        created_at)
      select id, id, session_id, 'turn', 'key-' || turn_index, md5(id::text), id, 25, created_at from turns`,
    messages: `insert into messages (id, session_id, turn_id, run_id, seq, role, step, agent_key, agent_name, visibility, status,
        content, finish_reason, estimated_tokens, created_at)
      select part_id(t.id, '5' || k), t.session_id, t.id, t.id, (t.turn_index - 1) * ${messagesPerTurn} + k + 1,
        case k when 0 then 'user' when 3 then 'tool' else 'assistant' end, case when k > 0 then 'agent_' || k || '#1' end,
        case when k > 0 then 'agent_' || k end, case when k > 0 then 'Agent ' || k end,
        case k when 3 then 'private' else 'shared' end, 'completed',
        repeat('First the list. ', 16), case when k in (1, 2) then 'stop' end, 64, t.created_at
      from ${parts(messagesPerTurn)}`,
    audits: `insert into turn_context_audit (id, session_id, turn_id, run_id, step, agent_key, model_alias, model_alias_marker,
        model_context_limit, input_budget, output_reserve, overhead_reserve, estimated_tokens_before,
        estimated_tokens_after_summary, estimated_tokens_after_prune, token_scale, counted_input_tokens, included, dropped,
        unknown_tags, overhead_calls, created_at)
      select part_id(t.id, '6' || k), t.session_id, t.id, t.id, 'agent_' || k || '#1', 'agent_' || k,
        'deepseek', 'multi-agent', 131072, 120000, 2048, 6553, 400, 400, 400, 1, 380, '[[1, 8]]', '[]', '[]', '[]', t.created_at
      from ${parts(callsPerTurn)}`,
    ledger: `insert into llm_call_events (id, user_id, room_id, session_id, turn_id, run_id, step, agent_key, round, provider,
        model_alias, provider_model, input_tokens_fresh, input_tokens_cached, output_tokens, total_tokens, oe_tokens, credits,
        usage_source, latency_ms, attempts, status, pricing_version, opened_at, created_at)
      select part_id(t.id, '7' || k), r.owner_user_id, r.id, s.id, t.id, t.id, 'agent_' || k || '#1', 'agent_' || k, 1,
        'openrouter', 'deepseek', 'deepseek/deepseek-v3.1-terminus', 380, 0, 256, 636, 389, 0.0389, 'provider', 1200, 1,
        'completed', '2026-02-20', t.created_at, t.created_at
      from turns t ${payers} cross join generate_series(0, ${callsPerTurn - 1}) k`,
    "tool events": `insert into tool_call_events (id, user_id, room_id, session_id, turn_id, run_id, step, agent_key, round,
        tool_name, input, output, latency_ms, opened_at, created_at)
      select part_id(t.id, '80'), r.owner_user_id, r.id, s.id, t.id, t.id, 'agent_2#1', 'agent_2', 1, 'web_search',
        '{"query":"list"}', '{"results":[]}', 300, t.created_at, t.created_at
      from turns t ${payers} where t.turn_index % 10 = 1`,
    "usage by hour": `insert into usage_hours (user_id, hour, room_id, session_id, agent_key, model_alias, calls,
        input_tokens_fresh, input_tokens_cached, output_tokens, credits, estimated_credits, costed_calls, costed_credits,
        provider_cost_usd)
      select user_id, date_trunc('hour', opened_at), room_id, session_id, agent_key, model_alias, count(*),
        sum(input_tokens_fresh), 0, sum(output_tokens), sum(credits), 0, 0, 0, 0
      from llm_call_events group by 1, 2, 3, 4, 5, 6`,
    checkpoints: `insert into checkpoints (thread_id, checkpoint_id, checkpoint, metadata)
      select t.id::text, 'last', '{"v": 4, "channel_versions": {"replies": "4", "calls": "4", "prompts": "4"}}', '{"step": 3}'
      from turns t where ${isNewest}`,
    "their values": `insert into checkpoint_blobs (thread_id, channel, version, type, blob)
      select t.id::text, channel, '4', 'json', decode(repeat('7b7d', 600), 'hex')
      from turns t, unnest(array['replies', 'calls', 'prompts']) channel where ${isNewest}`,
  };
}
