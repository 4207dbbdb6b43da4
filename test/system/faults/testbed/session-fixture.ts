import { randomUUID } from "node:crypto";
import type { RoomMode } from "../../../../src/domain/plan/modes.ts";
import { nameOf, roleOf } from "../../../support/fixture-agents.ts";
import type { ModelScenario } from "../../../support/node/model-scenario.ts";
import type { Connection } from "./connection.ts";
import { tagOf } from "./scenario-tag.ts";
import type { Testbed } from "./testbed.ts";
import { type Answer, type Call, createUser, type User } from "./user.ts";
import type { Workerd } from "./workerd.ts";

export type FixtureOptions = {
  mode: RoomMode;
  /** Keys, in their positions. */
  agents: readonly string[];
  /** Whether they may use `search`. */
  withTools?: boolean;
  /** Whether budgets of every scope hold something of every run. Default true. */
  hasBudgets?: boolean;
  orchestration?: { max_rounds: number; synthesis: string };
};

export type Post = { request: number; key?: string | undefined };

/** One room with one session, its user, and the models that answer in it. Any Worker can serve it. */
export type SessionFixture = {
  id: number;
  roomId: string;
  sessionId: string;
  mode: RoomMode;
  agents: readonly string[];
  user: User;
  models: ModelScenario;
  /** The number of a new request. Each request has a text of its own. */
  nextRequest(): number;
  /** The text of a request: in manual mode it tags every agent. */
  messageOf(request: number): string;
  post(worker: Workerd, post: Post): Promise<Answer>;
  /** The same for a client that may leave early. */
  openStream(worker: Workerd, post: Post): Connection;
  /** The claim of the session, if there is one. */
  claim(): Promise<
    { run_id: string; turn_id: string; holder: string; has_begun: boolean; lease_left_ms: number } | undefined
  >;
  /** Expires the lease of the claim, as if its holder had been gone for `ago`. */
  expireLease(ago?: string): Promise<void>;
};

/** Budgets of every scope, which hold something of every run: a wallet, a day of the room, a month of the session. */
async function insertBudgets(sql: Testbed["sql"], of: { userId: string; roomId: string; sessionId: string }) {
  await sql.query(
    `with grants as (insert into credit_grants (id, user_id, amount, idempotency_key, granted_by, created_at)
        values (gen_random_uuid(), $1, 1000, 'first', 'faults', now())),
      made as (insert into budgets (id, user_id, room_id, session_id, period, limit_credits, created_at, updated_at)
        values (gen_random_uuid(), $1, null, null, 'ever', 1000, now(), now()),
          (gen_random_uuid(), null, $2, null, 'day', 500, now(), now()),
          (gen_random_uuid(), null, null, $3, 'month', 400, now(), now()) returning id, period)
    insert into budget_windows (budget_id, window_start) select id, budget_window_start(period, now()) from made`,
    [of.userId, of.roomId, of.sessionId],
  );
}

export async function createSessionFixture(
  testbed: Testbed,
  worker: Workerd,
  { mode, agents, withTools = false, hasBudgets = true, orchestration }: FixtureOptions,
): Promise<SessionFixture> {
  const { sql, peers } = testbed;
  const id = testbed.nextFixtureId();
  const user = await createUser(`user-${randomUUID()}`);
  const create = async (path: string, body?: unknown): Promise<string> => {
    const answer = await user.call(worker.url, "POST", path, { body });
    if (answer.status !== 201)
      throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.id;
  };
  const roomId = await create("/rooms", {
    name: `Room ${id}`,
    current_mode: mode,
    ...(orchestration === undefined ? {} : { orchestration }),
  });
  for (const agentKey of agents) {
    await create(`/rooms/${roomId}/agents`, {
      agent_key: agentKey,
      name: nameOf(agentKey),
      model_alias: "deepseek",
      role_prompt: roleOf(agentKey),
      tool_permissions: withTools ? ["search"] : [],
    });
  }
  const sessionId = await create(`/rooms/${roomId}/sessions`);
  if (hasBudgets) await insertBudgets(sql, { userId: user.id, roomId, sessionId });
  const turnsPath = `/sessions/${sessionId}/turns`;
  const tags = mode === "manual" ? `${agents.map((key) => `@${key}`).join(" ")} ` : "";
  const messageOf = (request: number) => `${tags}What comes next? ${tagOf(id, request)}`;
  const describe = ({ request, key }: Post): Call => ({
    body: { message: messageOf(request) },
    headers: key === undefined ? {} : { "Idempotency-Key": key },
  });
  let requests = 0;
  return {
    id,
    roomId,
    sessionId,
    mode,
    agents,
    user,
    messageOf,
    models: peers.scenarioOf(id),
    nextRequest: () => ++requests,
    post: ({ url }, post) => user.call(url, "POST", turnsPath, describe(post)),
    openStream: ({ url }, post) => user.open(url, "POST", `${turnsPath}/stream`, describe(post)),
    async claim() {
      const { rows } = await sql.query(
        `select run_id, turn_id, holder, has_begun, (extract(epoch from lease_until - clock_timestamp()) * 1000)::float8 as lease_left_ms
         from turn_claims where session_id = $1`,
        [sessionId],
      );
      return rows[0];
    },
    async expireLease(ago = "1 second") {
      await sql.query(
        "update turn_claims set lease_until = clock_timestamp() - $2::interval where session_id = $1",
        [sessionId, ago],
      );
    },
  };
}
