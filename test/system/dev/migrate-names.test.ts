import pg from "pg";
import { expect, test } from "vitest";
import { applyMigrations } from "../../../dev/migrate.ts";
import { applyMigrationsBefore } from "../../support/node/earlier-migrations.ts";
import { startTestDatabase } from "../../support/node/test-database.ts";

const long = "x".repeat(116);

/** Agents of one room each, in their order: key, name before, name after. */
const rooms: [key: string, before: string, after: string][][] = [
  [
    ["a", "Ada", "Ada"],
    ["b", "ada", "ada (b)"],
    ["c", "ADA", "ADA (c)"],
    ["d", "Dan", "Dan"],
  ],
  [
    ["a", "Ada (c)", "Ada (c)"],
    ["b", "Ada", "Ada"],
    ["c", "Ada", "Ada (c) (c 2)"],
  ],
  [
    ["a", `${long}yyyy`, `${long}yyyy`],
    ["b", `${long}yyyy`, `${long} (b)`],
  ],
  [
    ["a", `${long} (c)`, `${long} (c)`],
    ["b", `${long}yyyy`, `${long}yyyy`],
    ["c", `${long}yyyy`, `${long.slice(2)} (c 2)`],
  ],
];

test("agents of one room with the same name get different names before the names become unique", async () => {
  const database = await startTestDatabase();
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  await applyMigrationsBefore(client, "0007_text_rules");
  await client.query("insert into users (id, email, created_at) values ('u', 'u@example.com', now())");
  for (const agents of rooms) {
    const roomId = crypto.randomUUID();
    await client.query(
      `insert into rooms (id, owner_user_id, name, created_at, updated_at)
        values ($1, 'u', 'A room', now(), now())`,
      [roomId],
    );
    for (const [position, [key, before]] of agents.entries()) {
      await client.query(
        `insert into room_agents (id, room_id, agent_key, name, model_alias, role_prompt, position, created_at, updated_at)
          values (gen_random_uuid(), $1, $2, $3, 'qwen', 'A role.', $4, now(), now())`,
        [roomId, key, before, position],
      );
    }
  }
  await client.end();

  await applyMigrations(database.connectionString);

  const after = new pg.Client({ connectionString: database.connectionString });
  await after.connect();
  const { rows } = await after.query("select room_id, agent_key, name from room_agents order by position");
  const names = [...Map.groupBy(rows, ({ room_id }) => room_id).values()].map((agents) =>
    agents.map(({ agent_key, name }) => [agent_key, name]),
  );
  const expected = rooms.map((agents) => agents.map(([key, , name]) => [key, name]));
  expect(names).toHaveLength(expected.length);
  expect(names).toEqual(expect.arrayContaining(expected));
  await after.end();
  await database.stop();
}, 60_000);
