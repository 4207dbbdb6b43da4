import type { Deps } from "../../src/deps.ts";
import type { RoomMode } from "../../src/domain/plan/modes.ts";
import { createTestApi, newUser, type TestUser } from "./api.ts";
import { nameOf, roleOf } from "./fixture-agents.ts";
import { createModels } from "./models.ts";
import { connectSql, type Sql } from "./sql.ts";

export type FixtureAgent = { key: string; name?: string; modelAlias?: string; role?: string };

export type FixtureOptions = {
  /** Default: `ada` alone, then in this order. A key means an agent with all defaults. */
  agents?: (string | FixtureAgent)[];
  mode?: RoomMode;
  goal?: string;
  /** What is left out has its default. */
  orchestration?: { maxRounds?: number; synthesis?: string };
  /** Settings of this test's application, by their names in src/config.ts. */
  settings?: Record<string, string>;
  deps?: Partial<Deps>;
};

export type PostOptions = { key?: string; modelAliasOverride?: string; user?: TestUser };
export type TurnFixture = Awaited<ReturnType<typeof createTurnFixture>>;

/** A room with agents and a session of a new user, an application, and models that wait for a script. */
export async function createTurnFixture({
  agents = ["ada"],
  mode = "manual",
  goal,
  orchestration = {},
  settings,
  deps = {},
}: FixtureOptions = {}) {
  const models = createModels();
  const sql = connectSql();
  const api = createTestApi({
    settings: { LLM_BASE_URL: models.baseUrl, LOG_LEVEL: "error", ...settings },
    deps,
  });
  const owner = newUser();
  const [roomId, sessionId] = [crypto.randomUUID(), crypto.randomUUID()];
  const roster = agents.map((agent) => (typeof agent === "string" ? { key: agent } : agent));
  await sql.transaction(insertRoom(sql, { owner, roomId, sessionId, mode, goal, orchestration, roster }));
  const turnsPath = `/sessions/${sessionId}/turns`;

  return {
    api,
    models,
    sql,
    owner,
    roomId,
    sessionId,
    turnsPath,
    post: (message: string, { key, modelAliasOverride, user = owner }: PostOptions = {}) =>
      api.as(user).post(
        turnsPath,
        {
          message,
          ...(modelAliasOverride === undefined ? {} : { model_alias_override: modelAliasOverride }),
        },
        { headers: key === undefined ? {} : { "Idempotency-Key": key } },
      ),
    read: (turnId: string, user = owner) => api.as(user).get(`${turnsPath}/${turnId}`),
    list: (query = "", user = owner) => api.as(user).get(`${turnsPath}${query}`),
    /** The claim of the run under way, undefined where there is none. */
    async claim() {
      const [row] = await sql`select * from turn_claims where session_id = ${sessionId}`;
      return row;
    },
    ledger: () =>
      sql`select * from llm_call_events where session_id = ${sessionId} order by agent_key, created_at, id`,
    /** How many rows each table that a turn writes has of this session. */
    async rowCounts() {
      const [counts] = await sql`select
        (select count(*)::int from turns where session_id = ${sessionId}) as turns,
        (select count(*)::int from turn_runs where session_id = ${sessionId}) as turn_runs,
        (select count(*)::int from messages where session_id = ${sessionId}) as messages,
        (select count(*)::int from turn_context_audit a join turns t on t.id = a.turn_id
          where t.session_id = ${sessionId}) as turn_context_audit,
        (select count(*)::int from llm_call_events where session_id = ${sessionId}) as llm_call_events`;
      return counts;
    },
  };
}

type SeededRoom = {
  owner: TestUser;
  roomId: string;
  sessionId: string;
  mode: RoomMode;
  goal?: string | undefined;
  orchestration?: FixtureOptions["orchestration"];
  roster: readonly FixtureAgent[];
};

/** Statements that store a new user with a room, its agents and a session. */
export function insertRoom(sql: Sql, seeded: SeededRoom) {
  const { owner, roomId, sessionId, mode, goal, roster } = seeded;
  const { maxRounds = 1, synthesis = "off" } = seeded.orchestration ?? {};
  return [
    sql`insert into users (id, email, created_at) values (${owner.userId}, ${owner.email}, now())`,
    sql`insert into rooms (id, owner_user_id, name, goal, current_mode, max_rounds, synthesis, created_at, updated_at)
      values (${roomId}, ${owner.userId}, 'A room', ${goal ?? null}, ${mode}, ${maxRounds}, ${synthesis}, now(), now())`,
    ...roster.map(
      ({ key, name = nameOf(key), modelAlias = "deepseek", role = roleOf(key) }, position) =>
        sql`insert into room_agents (id, room_id, agent_key, name, model_alias, role_prompt, position, created_at,
          updated_at) values (${crypto.randomUUID()}, ${roomId}, ${key}, ${name}, ${modelAlias}, ${role},
          ${position}, now(), now())`,
    ),
    sql`insert into sessions (id, room_id, started_by_user_id, created_at)
      values (${sessionId}, ${roomId}, ${owner.userId}, now())`,
  ];
}

export { nameOf, roleOf, says } from "./fixture-agents.ts";

export const noRows = { turns: 0, turn_runs: 0, messages: 0, turn_context_audit: 0, llm_call_events: 0 };
