import pg from "pg";

export const demoUser = { id: "demo", email: "demo@example.com" };

/** Fixed ids: a second start finds the rows, and a room that the user deleted stays deleted. */
const demoRoomId = "019b7e00-0000-7000-8000-00000000d000";
const demoSessionId = "019b7e00-0000-7000-8000-00000000d001";

const demoAgents = [
  {
    key: "ada",
    name: "Ada",
    model: "deepseek",
    role: "You are Ada, an architect. Weigh the options and name the trade-off.",
  },
  {
    key: "linus",
    name: "Linus",
    model: "qwen",
    role: "You are Linus, an operator. Say what will break at night, and how to notice.",
  },
  {
    key: "grace",
    name: "Grace",
    model: "llama",
    role: "You are Grace, a teacher. Explain the plan so that a newcomer can follow it.",
  },
];

/** A demo user with a room of three agents and a session, once. Needs the migrations. */
export async function seedDemo(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query("begin");
    await client.query(
      "insert into users (id, email, created_at) values ($1, $2, now()) on conflict do nothing",
      [demoUser.id, demoUser.email],
    );
    const room = await client.query(
      `insert into rooms (id, owner_user_id, name, goal, current_mode, created_at, updated_at)
       values ($1, $2, 'Demo room', 'Show what a room of agents can do.', 'tag', now(), now())
       on conflict do nothing`,
      [demoRoomId, demoUser.id],
    );
    if (room.rowCount === 1) await fillRoom(client);
    await client.query("commit");
  } finally {
    await client.end();
  }
}

async function fillRoom(client: pg.Client): Promise<void> {
  for (const [position, { key, name, model, role }] of demoAgents.entries()) {
    await client.query(
      `insert into room_agents
         (id, room_id, agent_key, name, model_alias, role_prompt, position, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7, now(), now())`,
      [`019b7e00-0000-7000-8000-00000000d01${position}`, demoRoomId, key, name, model, role, position],
    );
  }
  await client.query(
    "insert into sessions (id, room_id, started_by_user_id, created_at) values ($1, $2, $3, now())",
    [demoSessionId, demoRoomId, demoUser.id],
  );
}
